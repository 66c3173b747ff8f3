import { InvalidArgumentError } from 'commander'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { optionFrom, parseOption } from '../../../src/cli/option-from.ts'
import { options } from '../../../src/shared/options.ts'

describe('option values', () => {
  const cases: [z.ZodType, string, string[], string[]][] = [
    [options.frames, 'Frames', ['1', '16', '256'], ['0', '257', '1.5', '-1', 'x', '', '0x10', '1e99', 'NaN']],
    [options.start, 'Seconds', ['0', '1.5', '.5', '1e3'], ['-0.1', 'x', '', 'Infinity', '1:30']],
    [options.times, 'Times', ['0', '0,1.5,3', ' 1, 2'], ['', '1,,2', '1,-2', 'a', Array(257).fill('1').join(',')]],
    [options.maxPixels, 'MaxPixels', ['1', '460800'], ['0', '-5', '1.2', 'big']],
    [options.maxTokens, 'MaxTokens', ['1', '32768'], ['0', '32769', '12.5']],
    [options.temperature, 'Temperature', ['0', '0.7', '2'], ['-0.1', '2.1', 'hot']],
    [options.topP, 'TopP', ['0.01', '1'], ['0', '1.01', '-1']],
    [options.topK, 'TopK', ['0', '40'], ['-1', '2.5']],
    [options.repeatPenalty, 'RepeatPenalty', ['1', '1.3', '2'], ['0.9', '2.1']],
    [options.seed, 'Seed', ['0', '4294967294'], ['-1', '4294967295', '1.5']],
    [options.prompt, 'Text', ['a'], ['', '  ']],
  ]
  for (const [schema, name, good, bad] of cases) {
    it.each(good)(`${name} accepts %j`, (text) => {
      expect(() => parseOption(schema, text)).not.toThrow()
    })
    it.each(bad)(`${name} rejects %j with the allowed values`, (text) => {
      expect(() => parseOption(schema, text)).toThrow(InvalidArgumentError)
      expect(() => parseOption(schema, text)).toThrow(/^It must be /)
    })
  }

  it('parses numbers', () => {
    expect(parseOption(options.frames, '8')).toBe(8)
    expect(parseOption(options.times, '0,1.5')).toEqual([0, 1.5])
  })
})

describe('option help', () => {
  const help = (...args: Parameters<typeof optionFrom>) => optionFrom(...args).description

  it('has meaning, range, unit and default from the schema', () => {
    expect(help(options.maxTokens, '--max-tokens <n>')).toBe(
      'maximum number of tokens in an answer. A token is about three quarters of a word; 1 to 32,768 tokens (default: model-specific, 256 for Tarsier2)',
    )
    expect(help(options.topP, '--top-p <p>')).toMatch(/; above 0, up to 1 \(default: /)
    expect(help(options.topK, '--top-k <k>')).toMatch(/; 0 or more \(default: 0\)$/)
  })

  it('includes differences of a command', () => {
    expect(help(options.frames, '-n <n>', { whenAbsent: 'all of them' })).toMatch(/; 1 to 256 \(default: all of them\)$/)
    const option = optionFrom(options.maxTokens, '--max-tokens <n>', { default: 512 })
    expect([option.defaultValue, option.description]).toEqual([512, expect.not.stringContaining('default')])
  })

  it('lists the values of a choice', () => {
    expect(optionFrom(options.sampler, '--sampler <name>').argChoices).toEqual(['uniform', 'middle'])
  })

  it('describes a repeatable option as a list of texts', () => {
    const { parseArg } = optionFrom(options.stop, '--stop <text>')
    expect(parseArg?.('b', parseArg('a', undefined as never))).toEqual(['a', 'b'])
    expect(() => parseArg?.('', undefined as never)).toThrow(InvalidArgumentError)
    expect(() => parseArg?.('x', Array(16).fill('y') as never)).toThrow(InvalidArgumentError)
  })
})
