import { describe, expect, it } from 'vitest'
import { duplicateKey } from '../../../../src/engine/formats/safetensors/duplicate-key.ts'

describe('duplicateKey', () => {
  it.each([
    ['{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}', null],
    ['{"a":1,"b":2,"a":3}', 'a'],
    ['{"x":{"k":1 , "k" : 2}}', 'k'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"a":"b","b":"a"}', null],
    ['{"a":["a","a"]}', null],
    ['{"q\\"":1,"q\\"":2}', 'q"'],
    ['{"a":"}","a":1}', 'a'],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ])('of %s is %s', (json, key) => {
    JSON.parse(json)
    expect(duplicateKey(json)).toBe(key)
  })
})
