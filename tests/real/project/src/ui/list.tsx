import type { Shape } from '@/shape'
import { h } from './h'
import './list.css'

export function List({ shapes }: { shapes: readonly Shape[] }) {
	return <ul class="shapes">{...shapes.map((s, i) => <li key={i}>{s.toString()}</li>)}</ul>
}
