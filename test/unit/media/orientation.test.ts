import { expect, test } from 'vitest'
import { matrixRotation, rotate } from '../../../src/engine/media/orientation.ts'

function matrix(a: number, b: number, c: number, d: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(36))
  for (const [at, value] of [
    [0, a],
    [1, b],
    [3, c],
    [4, d],
  ] as const)
    bytes.setInt32(at * 4, value * 65536, true)
  bytes.setInt32(32, 1 << 30, true)
  return new Uint8Array(bytes.buffer)
}

test('a display matrix tells the clockwise turn, also when it scales', () => {
  expect(matrixRotation(matrix(1, 0, 0, 1))).toBe(0)
  expect(matrixRotation(matrix(0, 1, -1, 0))).toBe(90)
  expect(matrixRotation(matrix(-1, 0, 0, -1))).toBe(180)
  expect(matrixRotation(matrix(0, -2, 2, 0))).toBe(270)
})

test('nothing, too little and nonsense turn nothing', () => {
  expect(matrixRotation(null)).toBe(0)
  expect(matrixRotation(new Uint8Array(12))).toBe(0)
  expect(matrixRotation(new Uint8Array(36))).toBe(0)
})

test('pictures turn clockwise', () => {
  // 1 2
  // 3 4
  // 5 6
  const image = { width: 2, height: 3, rgb: Uint8Array.from([1, 2, 3, 4, 5, 6].flatMap((v) => [v, 10 * v, 0])) }
  const shape = (rotation: 0 | 90 | 180 | 270) => {
    const { width, height, rgb } = rotate(image, rotation)
    const reds = Array.from(rgb).filter((_, i) => i % 3 === 0)
    expect(Array.from(rgb).filter((_, i) => i % 3 === 1)).toEqual(reds.map((red) => 10 * red))
    return Array.from({ length: height }, (_, y) => reds.slice(y * width, (y + 1) * width).join(' '))
  }
  expect(shape(90)).toEqual(['5 3 1', '6 4 2'])
  expect(shape(180)).toEqual(['6 5', '4 3', '2 1'])
  expect(shape(270)).toEqual(['2 4 6', '1 3 5'])
  expect(rotate(image, 0)).toBe(image)
})
