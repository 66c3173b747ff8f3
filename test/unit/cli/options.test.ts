import { InvalidArgumentError } from 'commander'
import { describe, expect, it } from 'vitest'
import {
  parseFrames,
  parseMaxPixels,
  parseMaxTokens,
  parseRepeatPenalty,
  parseSeconds,
  parseSeed,
  parseTemperature,
  parseText,
  parseTimes,
  parseTopK,
  parseTopP,
} from '../../../src/cli/options.ts'

describe('values of options', () => {
  const cases: [(text: string) => unknown, string, string[], string[]][] = [
    [parseFrames, 'Frames', ['1', '16', '256'], ['0', '257', '1.5', '-1', 'x', '', '0x10', '1e99', 'NaN']],
    [parseSeconds, 'Seconds', ['0', '1.5', '.5', '1e3'], ['-0.1', 'x', '', 'Infinity', '1:30']],
    [parseTimes, 'Times', ['0', '0,1.5,3', ' 1, 2'], ['', '1,,2', '1,-2', 'a', Array(257).fill('1').join(',')]],
    [parseMaxPixels, 'MaxPixels', ['1', '460800'], ['0', '-5', '1.2', 'big']],
    [parseMaxTokens, 'MaxTokens', ['1', '32768'], ['0', '32769', '12.5']],
    [parseTemperature, 'Temperature', ['0', '0.7', '2'], ['-0.1', '2.1', 'hot']],
    [parseTopP, 'TopP', ['0.01', '1'], ['0', '1.01', '-1']],
    [parseTopK, 'TopK', ['0', '40'], ['-1', '2.5']],
    [parseRepeatPenalty, 'RepeatPenalty', ['1', '1.3', '2'], ['0.9', '2.1']],
    [parseSeed, 'Seed', ['0', '4294967294'], ['-1', '4294967295', '1.5']],
    [parseText, 'Text', ['a'], ['', '  ']],
  ]
  for (const [parse, name, good, bad] of cases) {
    it.each(good)(`${name} takes %j`, (text) => {
      expect(() => parse(text)).not.toThrow()
    })
    it.each(bad)(`${name} refuses %j and says what is allowed`, (text) => {
      expect(() => parse(text)).toThrow(InvalidArgumentError)
      expect(() => parse(text)).toThrow(/^It must be /)
    })
  }

  it('gives numbers, not text', () => {
    expect(parseFrames('8')).toBe(8)
    expect(parseTimes('0,1.5')).toEqual([0, 1.5])
  })
})
