import { exitCodes } from '../../src/cli/exit-codes.ts'
import { remedyText } from '../../src/cli/remedy-text.ts'
import { type ErrorCode, errorCodeInfo } from '../../src/shared/error-codes.ts'
import { errorHelp, sections } from './error-help.ts'
import { code as asCode, plainText } from './table.ts'

const GENERATED = '<!-- Written by "npm run docs" from src/shared/error-codes.ts and tools/reference-docs/error-help.ts; do not edit. -->'

const INTRODUCTION = `An error is one sentence that says what happened and what to do, with a code that never changes: the command line ends with it, as in
\`[file-missing]\`, and the API has it as \`code\`. This page explains each code. The sentence of an error knows more than this page, such as the name of
the file, so read it first.

- \`tarsier doctor\` reports what works on this machine, and how to fix what does not. In the app, the Help view shows the same report.
- \`TARSIER_DEBUG=1\` adds stack traces and the messages of native libraries to the command line’s errors.
- Reports of crashes stay on the machine: the Help view and \`tarsier doctor --export-crashes FILE\` write them into one file without your paths, for a bug report.
- A command that works on several files continues after an error, and ends with the status ${exitCodes.failed}; [all statuses](reference/cli.md#exit-status).`

/** Generates a page about every error code: its meaning, what to do, and the statuses of the command line and of HTTP. */
export function troubleshooting(): string {
  const parts = sections.map(({ title, codes }) => [`## ${title}`, ...codes.map(explanation)].join('\n\n'))
  return `${[GENERATED, '# Troubleshooting', INTRODUCTION, ...parts].join('\n\n')}\n`
}

function explanation(code: ErrorCode): string {
  const { label, exit, http } = errorCodeInfo[code]
  const { meaning, advice, remedies = [] } = errorHelp[code]
  const onTheCommandLine = remedies.map((remedy) => `- ${commandLineText(remedyText(remedy))}`).join('\n')
  return [
    `### ${code}`,
    `**${label}.** ${meaning}`,
    advice,
    ...(remedies.length === 0 ? [] : [`On the command line:\n\n${onTheCommandLine}`]),
    `Exit status ${exitCodes[exit]}, HTTP ${http}.`,
  ].join('\n\n')
}

/** Options alone are code; a sentence has its commands in quotation marks. */
function commandLineText(text: string): string {
  return text.startsWith('--') ? asCode(text) : plainText(text)
}
