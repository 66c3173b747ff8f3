import type { Machine } from './machine.ts'
import type { Measured, Skipped } from './section.ts'

export type Outcome =
  | { readonly state: 'measured'; readonly seconds: number; readonly measured: Measured }
  | { readonly state: 'skipped'; readonly reason: Skipped['skipped'] }
  | { readonly state: 'failed'; readonly message: string }

export interface SectionReport {
  readonly name: string
  readonly title: string
  readonly outcome: Outcome
}

export interface Report {
  readonly began: string
  readonly machine: Machine
  readonly rounds: number
  readonly sections: readonly SectionReport[]
}

export function asMarkdown({ began, machine, rounds, sections }: Report): string {
  const cores = machine.physicalCores > 0 ? `${machine.physicalCores} cores, ` : ''
  const packages = Object.entries(machine.packages).map(([name, version]) => `${name} ${version}`)
  return [
    '# Speed report',
    '',
    `${began}; medians of ${rounds} ${rounds === 1 ? 'run' : 'runs'}, contenders taking turns.`,
    '',
    ...table(
      ['machine', ''],
      [
        ['CPU', `${machine.cpu}, ${cores}${machine.logicalCores} threads`],
        ['memory', `${machine.memoryGigabytes} GB`],
        ['system', machine.system],
        ['Node', machine.node],
        ['packages', packages.join(', ')],
        ['load at the start', `${machine.load}${machine.load > 0.5 ? ' (the machine was busy: run again when it is not)' : ''}`],
      ],
    ),
    ...sections.flatMap((section) => ['', ...sectionLines(section)]),
    '',
  ].join('\n')
}

function sectionLines({ title, name, outcome }: SectionReport): string[] {
  const head = [`## ${title} (${name})`, '']
  switch (outcome.state) {
    case 'skipped':
      return [...head, `Skipped: ${outcome.reason}`]
    case 'failed':
      return [...head, `Failed: ${outcome.message}`]
    case 'measured': {
      const { columns, rows, notes, targets, plot } = outcome.measured
      const lines = [...notes, ...targets.map(({ what, met }) => `${met ? 'Met' : '**Not met**'}: ${what}.`)]
      const picture = plot === undefined ? [] : ['', `![${title}](${plotFile(name)})`]
      return [...head, ...table(columns, rows), ...picture, '', ...lines.map((line) => `- ${line}`)]
    }
  }
}

/** Name of the file with a section's plot. */
export function plotFile(section: string): string {
  return `${section}.svg`
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)]
}
