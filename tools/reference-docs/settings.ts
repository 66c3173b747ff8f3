import { defaultSettings } from '../../src/shared/contract/settings.ts'
import { optionInfo } from '../../src/shared/option-info.ts'
import { options } from '../../src/shared/options.ts'
import { code, markdownTable, plainText } from './table.ts'

const GENERATED = '<!-- Written by "npm run docs" from src/shared/options.ts; do not edit. -->'

/** Generates a page about all options of an answer, and which of them are settings of the app. */
export function settingsReference(): string {
  const rows = Object.entries(options).map(([name, schema]) => {
    const facts = optionInfo(schema)
    return [
      code(name),
      plainText(facts.title),
      plainText(facts.description),
      plainText(facts.allowed),
      plainText(facts.whenAbsent ?? 'none'),
    ]
  })
  const appSettings = Object.keys(defaultSettings).filter((name) => name in options)
  return `${[
    GENERATED,
    '# Settings',
    `The app keeps ${appSettings.map(code).join(', ')} and your own prompts; ${code('null')} leaves a value to the model. The others are given with a question. The command line has an option for each of them ([cli.md](cli.md)).`,
    markdownTable(['name', 'in the app', 'meaning', 'allowed', 'default'], rows),
  ].join('\n\n')}\n`
}
