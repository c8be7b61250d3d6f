# SPDX-License-Identifier: BSD-2-Clause
# git: a repository with branches, a merge, a conflict, a clone with its helper processes, packing, hooks.
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b HOME=$PWD GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_DATE=2020-01-01T00:00:00Z GIT_COMMITTER_DATE=2020-01-01T00:00:00Z
git init -q -b main r; cd r
for i in 1 2 3 4 5; do seq $((i * 100)) > f$i; git add f$i; git commit -qm "add $i"; done
git checkout -qb side; echo side >> f1; git commit -qam side
git checkout -q main; echo main >> f1; git commit -qam main
git merge side; echo "merge $?"
git checkout -q --theirs f1; git add f1; git commit -qm merged
printf '#!/bin/sh\necho hook ran\n' > .git/hooks/post-commit; chmod +x .git/hooks/post-commit
echo x > new; git add new; git commit -qm hook
git log --oneline --graph | cat
git gc -q; git fsck 2>&1; git count-objects -v | grep -E 'count|in-pack'
cd ..; git clone -q r c 2>&1; cd c; git log -1 --format=%H%n%s; git diff HEAD~2 --stat | cat
git grep -n 499 | head -3; git blame f2 | head -2
git stash list; git rev-parse --is-inside-work-tree; git bogus; echo "status $?"
