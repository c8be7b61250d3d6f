export interface Shape { readonly name: string; area(): number }
export enum Unit { Millimetre = 'mm', Metre = 'm' }
export const enum Corner { None, Round, Cut = 7 }

abstract class Base implements Shape {
	constructor(public readonly name: string, protected unit: Unit = Unit.Metre) {}
	abstract area(): number
	toString(): string { return `${this.name}: ${this.area().toFixed(2)} ${this.unit}²` }
}

export class Circle extends Base {
	#radius: number
	constructor(radius: number) { super('circle'); this.#radius = radius }
	area() { return Math.PI * this.#radius ** 2 }
	static unit = new Circle(1)
}

export class Box extends Base {
	constructor(private w: number, private h: number, readonly corner = Corner.Round) { super('box') }
	area() { return this.w * this.h - (this.corner === Corner.Cut ? 1 : 0) }
}

export function unused(): never { throw new Error('dropped by tree shaking') }
