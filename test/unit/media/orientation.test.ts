import { expect, test } from 'vitest'
import { matrixOrientation, upright } from '../../../src/engine/media/orientation.ts'

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

test('reads mirroring and rotation from a display matrix, also with scaling', () => {
  const plain = (rotation: number) => ({ mirrored: false, rotation })
  const mirrored = (rotation: number) => ({ mirrored: true, rotation })
  expect(matrixOrientation(matrix(1, 0, 0, 1))).toEqual(plain(0))
  expect(matrixOrientation(matrix(0, 1, -1, 0))).toEqual(plain(90))
  expect(matrixOrientation(matrix(-1, 0, 0, -1))).toEqual(plain(180))
  expect(matrixOrientation(matrix(0, -2, 2, 0))).toEqual(plain(270))
  expect(matrixOrientation(matrix(-1, 0, 0, 1))).toEqual(mirrored(0))
  expect(matrixOrientation(matrix(0, -3, -1, 0))).toEqual(mirrored(90))
  expect(matrixOrientation(matrix(1, 0, 0, -1))).toEqual(mirrored(180))
  expect(matrixOrientation(matrix(0, 1, 1, 0))).toEqual(mirrored(270))
})

test('uses the nearest quarter turn for other angles', () => {
  const turn = (degrees: number, side = 1) => {
    const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)]
    return matrixOrientation(matrix(side * cos, side * sin, -sin, cos))
  }
  for (const [degrees, rotation] of [
    [1, 0],
    [44, 0],
    [46, 90],
    [200, 180],
    [-50, 270],
    [-10, 0],
  ] as const) {
    expect(turn(degrees)).toEqual({ mirrored: false, rotation })
    expect(turn(degrees, -1)).toEqual({ mirrored: true, rotation })
  }
})

test('ignores missing, short and invalid matrices', () => {
  for (const bytes of [null, new Uint8Array(12), new Uint8Array(36), matrix(1, 1, 1, 1)])
    expect(matrixOrientation(bytes)).toEqual({ mirrored: false, rotation: 0 })
})

test('mirrors left to right, then rotates clockwise', () => {
  // 1 2
  // 3 4
  // 5 6
  const image = { width: 2, height: 3, rgb: Uint8Array.from([1, 2, 3, 4, 5, 6].flatMap((v) => [v, 10 * v, 0])) }
  const shape = (rotation: 0 | 90 | 180 | 270, mirrored = false) => {
    const { width, height, rgb } = upright(image, { mirrored, rotation })
    const reds = Array.from(rgb).filter((_, i) => i % 3 === 0)
    expect(Array.from(rgb).filter((_, i) => i % 3 === 1)).toEqual(reds.map((red) => 10 * red))
    return Array.from({ length: height }, (_, y) => reds.slice(y * width, (y + 1) * width).join(' '))
  }
  expect(shape(90)).toEqual(['5 3 1', '6 4 2'])
  expect(shape(180)).toEqual(['6 5', '4 3', '2 1'])
  expect(shape(270)).toEqual(['2 4 6', '1 3 5'])
  expect(shape(0, true)).toEqual(['2 1', '4 3', '6 5'])
  expect(shape(90, true)).toEqual(['6 4 2', '5 3 1'])
  expect(shape(180, true)).toEqual(['5 6', '3 4', '1 2'])
  expect(shape(270, true)).toEqual(['1 3 5', '2 4 6'])
  expect(upright(image, { mirrored: false, rotation: 0 })).toBe(image)
})
