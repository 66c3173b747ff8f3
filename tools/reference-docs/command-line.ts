import { EventEmitter } from 'node:events'
import type { Command, Help, Option } from 'commander'
import { exitCodes } from '../../src/cli/exit-codes.ts'
import { errorCodeInfo, errorCodes } from '../../src/shared/error-codes.ts'
import { code, markdownTable, plainText } from './table.ts'

const GENERATED = '<!-- Written by "npm run docs" from src/cli; do not edit. -->'

/** Generates a page about the options of all commands, and every command: usage, arguments, options with their defaults, and the exit statuses. */
export function commandLineReference(program: Command): string {
  const sections = [...commandsOf(program, [])].map(({ command, path }) => section(command, path))
  const options = ['## Options of every command', ...optionGroups(program, program.createHelp())]
  return `${[GENERATED, '# Command line', plainText(program.description()), ...options, ...sections, '## Exit status', exitStatuses()].join('\n\n')}\n`
}

/** Yields the executable commands in the order of the help; a group is replaced by its members. */
function* commandsOf(
  command: Command,
  path: readonly string[],
): Generator<{ readonly command: Command; readonly path: readonly string[] }> {
  const here = [...path, command.name()]
  const children = command.commands.filter((child) => child.name() !== 'help')
  if (children.length === 0) yield { command, path: here }
  for (const child of children) yield* commandsOf(child, here)
}

function section(command: Command, path: readonly string[]): string {
  const help = command.createHelp()
  const name = path.join(' ')
  const blocks = [
    `## ${name}`,
    plainText(command.description()),
    ['```', `${name} ${command.usage()}`, '```'].join('\n'),
    ...argumentsOf(command, help),
    ...optionGroups(command, help),
    ...afterHelp(command),
  ]
  return blocks.filter((block) => block !== '').join('\n\n')
}

function argumentsOf(command: Command, help: Help): string[] {
  const rows = command.registeredArguments.map((argument) => [code(help.argumentTerm(argument)), plainText(argument.description)])
  return rows.length === 0 ? [] : [markdownTable(['argument', 'meaning'], rows)]
}

function optionGroups(command: Command, help: Help): string[] {
  const options = help.visibleOptions(command)
  const groups = help.groupItems([...command.options], options, (option: Option) => option.helpGroupHeading ?? 'Options:')
  return [...groups].flatMap(([heading, members]) => [
    `**${plainText(heading.replace(/:$/, ''))}**`,
    markdownTable(
      ['option', 'meaning'],
      members.map((option) => [code(help.optionTerm(option)), plainText(help.optionDescription(option))]),
    ),
  ])
}

/** Returns the text that commander prints below the options, such as examples. */
function afterHelp(command: Command): string[] {
  const written: string[] = []
  const emitter: unknown = command // an EventEmitter, although commander's types do not declare it
  if (emitter instanceof EventEmitter) emitter.emit('afterHelp', { error: false, command, write: (text: string) => written.push(text) })
  const text = written.join('').trim()
  return text === '' ? [] : [['```', text, '```'].join('\n')]
}

function exitStatuses(): string {
  const meanings: Readonly<Record<keyof typeof exitCodes, string>> = {
    done: 'Everything that was asked for is done.',
    failed: 'Something failed, such as one of several files; the rest is done.',
    usage: 'The command line is wrong; nothing was started.',
    unavailable: 'The hub or a server cannot be reached, or may not be contacted.',
    tryLater: 'What is wanted is busy, or the hub asks to wait: the same command may work later.',
    denied: 'The hub wants a token or consent.',
    interrupted: 'Stopped by Ctrl-C.',
    terminated: 'Stopped by SIGTERM.',
  }
  const rows = Object.entries(exitCodes).map(([name, status]) => {
    const codes = errorCodes.filter((error) => errorCodeInfo[error].exit === name).map(code)
    return [String(status), meanings[name as keyof typeof exitCodes], codes.join(', ')]
  })
  return markdownTable(['status', 'meaning', 'error codes'], rows)
}
