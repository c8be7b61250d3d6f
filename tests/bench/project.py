# SPDX-License-Identifier: BSD-2-Clause
"""A large TypeScript project, the same each time: modules that import each other, with the constructs that a bundler has to
take apart (types, enums, classes, generics, decorators of arguments by default values, JSX, templates)."""
import os

MODULE = '''%(imports)s
export enum State%(n)d { Ready, Busy = %(n)d, Done }
export interface Shape%(n)d<T extends object = {}> { readonly name: string; parts?: Array<T>; state: State%(n)d }
type Key%(n)d = keyof Shape%(n)d & string;

export abstract class Base%(n)d<T extends object> implements Shape%(n)d<T> {
	#secret = new Map<string, number>();
	static count = 0;
	state = State%(n)d.Ready;
	constructor(public readonly name: string, protected limit: number = %(n)d, public parts: T[] = []) { Base%(n)d.count++; }
	abstract area(scale?: number): number;
	*each(): Generator<[string, number]> { for (const entry of this.#secret) yield entry; }
	async load(url: string): Promise<string | undefined> {
		try { const answer = await fetch(`${url}?name=${encodeURIComponent(this.name)}&n=%(n)d`); return answer?.ok ? await answer.text() : undefined; }
		catch { return this.name ?? 'module %(n)d'; }
	}
	remember(key: Key%(n)d, value: number): this { this.#secret.set(key, value ** 2 | 0); return this; }
}
export class Square%(n)d extends Base%(n)d<{ side: number }> {
	override area(scale = 1): number { return this.parts.reduce((sum, { side }) => sum + side * side * scale, %(uses)s); }
	get label(): string { return `${this.name}: ${this.area().toFixed(2)} of ${Base%(n)d.count}`; }
}
const table%(n)d: Record<string, readonly number[]> = { a: [1, 2, %(n)d], 'b-c': [...Array(4).keys()], ["d" + %(n)d]: [] };
export function work%(n)d<T extends { length: number }>(items: T[], options: { deep?: boolean; by?: (x: T) => number } = {}): number {
	const { deep = false, by = x => x.length } = options;
	let total = 0;
	outer: for (const item of items) {
		switch (by(item) %% 3) { case 0: continue outer; case 1: total += table%(n)d.a[0]; break; default: total -= 1; }
		if (deep && total > 1e6) break;
	}
	return total + new Square%(n)d('square', 2, [{ side: items.length }]).remember('name', total).area();
}
export const View%(n)d = (props: { title: string; items: string[] }) =>
	<section className="view-%(n)d"><h1>{props.title}</h1>{props.items.map(item => <p key={item} data-n={%(n)d}>{item}</p>)}</section>;
'''


def write(folder, modules):
    """modules files and main.tsx, which imports all of them."""
    os.makedirs(folder, exist_ok=True)
    for n in range(modules):
        others = sorted({(n * k + 7) % n for k in (3, 5, 11)}) if n else []
        text = MODULE % {'n': n, 'imports': ''.join('import { work%d } from "./module%d";\n' % (o, o) for o in others),
                         'uses': ' + '.join(['0'] + ['work%d([])' % o for o in others])}
        with open('%s/module%d.tsx' % (folder, n), 'w') as f:
            f.write(text)
    with open(folder + '/main.tsx', 'w') as f:
        f.write('declare const h: any;\n' + ''.join('export * from "./module%d";\n' % n for n in range(modules)))
