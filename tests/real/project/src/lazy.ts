const words = ['none', 'one', 'two', 'three'] as const
export default (n: number): string => `\u{1F4D0} ${words[n as 0 | 1 | 2 | 3] ?? 'many'}`
