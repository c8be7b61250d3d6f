import config, { title } from './config.json'
import { Box, Circle, Corner, Unit } from '@/shape'
import { render } from '@/ui/h'
import { List } from './ui/list'

declare const process: { stdout: { write(s: string): void } }
const shapes = [new Circle(2), new Box(3, 4, Corner.Cut), Circle.unit].slice(0, config.limits.most)

async function* each<T>(items: Iterable<T>) { for (const i of items) yield await Promise.resolve(i) }

export async function main(): Promise<string> {
	let out = `${title} in ${Unit.Metre}\n`
	for await (const s of each(shapes)) out += s + '\n'
	const lazy = await import('./lazy')
	return out + render(List({ shapes })) + lazy.default?.(shapes.length) + '\n'
}

main().then((s) => process.stdout.write(s))
