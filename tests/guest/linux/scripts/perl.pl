# SPDX-License-Identifier: BSD-2-Clause
# perl: processes, pipes, signals, files, sockets, sorting much.
use strict; use warnings; use IO::Socket::INET; use POSIX ":sys_wait_h"; use Time::HiRes qw(sleep alarm);
$| = 1;
my $p = fork; if (!$p) { exit 3 } waitpid $p, 0; print "child ", $? >> 8, "\n";
print "back ", scalar(`echo ticks; exit 2`), $? >> 8, "\n";
my $got = 0; $SIG{USR1} = sub { $got++ }; kill USR1 => $$ for 1 .. 3; print "signals $got\n";
eval { local $SIG{ALRM} = sub { die "late\n" }; alarm 0.05; select undef, undef, undef, 5; }; print "alarm $@";
open my $f, '>', 'f' or die; print $f "$_\n" for 1 .. 5000; close $f; open $f, '<', 'f'; my $s = 0; $s += $_ while <$f>; print "sum $s size ", -s 'f', "\n";
my $l = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die;
if (!($p = fork)) { my $c = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $l->sockport) or die; print $c "hello\n"; print scalar <$c>; exit 0 }
my $c = $l->accept; print $c uc scalar <$c>; close $c; waitpid $p, 0;
print join(",", (sort { $a <=> $b } map { ($_ * 7919) % 10007 } 1 .. 10006)[0 .. 4]), "\n";
open my $k, '-|', 'sh', '-c', 'echo one; kill -TERM $$' or die; print <$k>; close $k; print "killed ", $? & 127, "\n";
mkdir 'd'; opendir my $d, '.'; print join(' ', sort grep { !/^\./ } readdir $d), "\n";
print "missing: $!\n" unless open my $x, '<', 'none';
exit 6;
