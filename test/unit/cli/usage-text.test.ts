import { Argument, Command, Option } from 'commander'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { setLanguageOf } from '../../../src/cli/language.ts'
import { createProgram } from '../../../src/cli/main.ts'
import { usageText } from '../../../src/cli/usage-text.ts'
import { setTexts } from '../../../src/shared/translate.ts'
import { commanderTexts } from '../../../tools/languages/library-texts.ts'

/** What commander writes about a command line. `variable` is the value of TARSIER_USAGE_TEST meanwhile. */
function written(args: readonly string[], make: (program: Command) => void, variable?: string): string {
  let text = ''
  if (variable !== undefined) process.env.TARSIER_USAGE_TEST = variable
  const program = new Command('tarsier')
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({ outputError: (message) => (text += message) })
  make(program)
  expect(() => program.parse(args, { from: 'user' })).toThrow()
  delete process.env.TARSIER_USAGE_TEST
  return text.trim()
}

/** What the real program writes. */
async function refused(...args: readonly string[]): Promise<string> {
  let text = ''
  const program = await createProgram(async () => {}, args[0])
  for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)])
    command.configureOutput({ ...command.configureOutput(), writeErr: (line) => (text += line) })
  await expect(program.parseAsync(args, { from: 'user' })).rejects.toThrow()
  return text
}

const number = () => new Option('-n, --number <n>').choices(['1', '2'])

/** A command line for each message of {@link commanderTexts}. */
const messages: readonly (readonly [string, string])[] = [
  ['an unknown option', written(['--nonsense'], () => {})],
  ['a similar option', written(['--nunber'], (program) => program.addOption(number()))],
  ['similar options', written(['--ab'], (program) => program.option('--ac').option('--ad'))],
  ['an unknown command', written(['nonsense'], (program) => program.command('describe'))],
  ['a missing argument', written([], (program) => program.argument('<path>'))],
  ['a missing value', written(['-n'], (program) => program.addOption(number()))],
  ['a missing option', written([], (program) => program.addOption(number().makeOptionMandatory()))],
  ['a wrong value', written(['-n', '3'], (program) => program.addOption(number()))],
  ['a wrong value from the environment', written([], (program) => program.addOption(number().env('TARSIER_USAGE_TEST')), '3')],
  ['a wrong argument', written(['3'], (program) => program.addArgument(new Argument('<n>').choices(['1'])))],
  ['a conflict', written(['-n', '1', '-o'], (program) => program.addOption(number().conflicts('other')).option('-o, --other'))],
  [
    'a conflict with the environment',
    written(['-o'], (program) => program.addOption(number().env('TARSIER_USAGE_TEST').conflicts('other')).option('-o, --other'), '1'),
  ],
  ['an argument too many', written(['a'], () => {})],
  ['a second argument', written(['a', 'b'], (program) => program.argument('<path>'))],
  [
    'a second argument of a command',
    written(['of', 'a', 'b'], (program) =>
      program
        .command('of')
        .argument('<path>')
        .action(() => {}),
    ),
  ],
  [
    'a third argument of a command',
    written(['of', 'a', 'b', 'c'], (program) =>
      program
        .command('of')
        .arguments('<a> <b>')
        .action(() => {}),
    ),
  ],
]

describe('messages about a command line', () => {
  beforeEach(() => setLanguageOf({ TARSIER_LANGUAGE: 'zh-CN' }))
  afterEach(() => setTexts('en', {}))

  it.each(messages)('%s is translated', (_, message) => {
    expect(message).toMatch(/^error: /)
    const text = usageText(message)
    expect(text).toMatch(/^tarsier: /)
    const own = text.slice('tarsier: '.length).replaceAll(/“[^”]*”|--[a-z]+/g, '')
    expect(own).not.toMatch(/[A-Za-z]/)
  })

  it('are all listed', () => {
    const forms = commanderTexts.map((text) => new RegExp(text.replaceAll(/[()?.]/g, '\\$&').replaceAll(/\{\d\}/g, '.+')))
    // This text is ours, in commander's form.
    const own = "(or '"
    const unused = commanderTexts.filter((text, i) => !text.includes(own) && !messages.some(([, message]) => forms[i]?.test(message)))
    expect(unused).toEqual([])
  })

  it.each([
    [['describe'], '缺少必需的参数“path”（或“--from LIST”）'],
    [['describe', 'a.mp4', '--frames', 'many'], '选项“-n, --frames <n>”的值“many”无效。它必须是 1 到 256 之间的整数。'],
    [['describe', 'a.mp4', '--temperature', '-1'], /它必须是：数字（\d+ 到 \d+）。/],
    [['describe', 'a.mp4', '--at', 'x'], /它必须是：1 到 \d+ 个数字（秒，不小于 0）。/],
    [['serve', '--port', 'x'], /它必须是不超过 65535 的整数。/],
    [['describe', 'a.mp4', '--fames', '3'], '未知的选项“--fames”\n（您是指 --frames 吗？）\n添加 --help 可查看允许的选项。'],
  ] as const)('of the program: %j', async (args, expected) => {
    const text = await refused(...args)
    if (typeof expected === 'string') expect(text).toContain(expected)
    else expect(text).toMatch(expected)
  })

  it('stay as they are in English', async () => {
    setTexts('en', {})
    expect(await refused('describe', 'a.mp4', '--fames', '3')).toBe(
      "tarsier: unknown option '--fames'\n(Did you mean --frames?)\nAdd --help to see the allowed options.\n",
    )
  })
})
