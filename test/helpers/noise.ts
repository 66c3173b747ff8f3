/** Bytes of a linear congruential generator, the same as `noise` in `tools/reference/media_fixtures.py`. */
export function noise(count: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(count)
  let state = seed
  for (let i = 0; i < count; i += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}
