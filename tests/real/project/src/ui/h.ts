export type Child = string | number | Node_
export interface Node_ { tag: string; props: Record<string, unknown> | null; children: Child[] }

export function h(tag: string, props: Node_['props'], ...children: Child[]): Node_ {
	return { tag, props, children: children.flat() as Child[] }
}

export const render = (n: Child): string =>
	typeof n === 'object'
		? `<${n.tag}${Object.entries(n.props ?? {}).map(([k, v]) => ` ${k}="${v}"`).join('')}>${n.children.map(render).join('')}</${n.tag}>`
		: String(n)
