import { type BenchRun, type BenchSet, type BenchTable, sampleStates } from '../../../shared/contract/bench.ts'
import { currentLanguage, t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { sampleStateNames } from '../../lib/bench-labels.ts'
import { momentText } from '../../lib/time-text.ts'
import { DetailList } from './detail-list.tsx'

/** Tables for each data set of a run, in the format of the papers' evaluation program. */
export function RunTables({ run }: { readonly run: BenchRun }) {
  return (
    <div className="max-w-5xl space-y-8">
      {run.sets.map((set) => (
        <SetTables key={set.name} set={set} />
      ))}
    </div>
  )
}

function SetTables({ set }: { readonly set: BenchSet }) {
  const { name, headline, tables, counts, settings } = set
  return (
    <section aria-label={name} className="space-y-3">
      <h2 className="text-title font-semibold">{name}</h2>
      <dl className="flex flex-wrap gap-3">
        {headline.map((figure) => (
          <div key={figure.name} className="rounded-panel bg-panel px-4 py-2 shadow-panel">
            <dt className="text-note text-quiet">{translate(figure.name)}</dt>
            <dd className="text-heading font-semibold tabular-nums">{figure.text}</dd>
          </div>
        ))}
        {sampleStates
          .filter((state) => counts[state] > 0)
          .map((state) => (
            <div key={state} className="rounded-panel bg-sunk px-4 py-2">
              <dt className="text-note text-quiet">{sampleStateNames[state]}</dt>
              <dd className="text-heading tabular-nums">{counts[state].toLocaleString(currentLanguage())}</dd>
            </div>
          ))}
      </dl>
      <p className="text-control text-quiet">{originOf(set)}</p>
      {tables.map((table) => (
        <FigureTable key={table.title} table={table} />
      ))}
      {settings.length > 0 && (
        <details className="text-control">
          <summary className="w-fit text-quiet hover:text-text">{t('Settings of the run')}</summary>
          <DetailList details={settings} />
        </details>
      )}
    </section>
  )
}

function originOf({ tables, metric, judge, evaluated }: BenchSet): string {
  if (tables.length === 0) {
    if (metric === null) return t('Tarsier does not know this data set and cannot score it. You can still view its samples.')
    return t('Not scored yet. To score it, run in the terminal: tarsier bench eval, with the folder of this run.')
  }
  const when = evaluated === null ? t('Computed just now.') : t('Scored {when}.', { when: whenText(evaluated) })
  return judge === null ? when : `${when} ${t('Judge: {judge}.', { judge })}`
}

function whenText(text: string): string {
  const time = Date.parse(text)
  return Number.isNaN(time) ? text : momentText(time)
}

function FigureTable({ table: { title, columns, rows } }: { readonly table: BenchTable }) {
  return (
    <section
      // biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable regions must be focusable by keyboard.
      tabIndex={0}
      aria-label={translate(title)}
      className="relative w-fit max-w-full overflow-x-auto rounded-panel bg-panel shadow-panel"
    >
      <table className="text-control tabular-nums">
        <caption className="px-3 py-1.5 text-left font-medium">{translate(title)}</caption>
        <thead>
          <tr className="border-y border-line text-quiet">
            {columns.map((column, i) => (
              <th key={column} scope="col" className={`px-3 py-1 font-medium whitespace-nowrap ${i === 0 ? 'text-left' : 'text-right'}`}>
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells) => {
            const [first, ...rest] = cells
            const total = first?.text === 'OVERALL'
            return (
              <tr key={first?.text} className={total ? 'border-t border-line font-semibold' : ''}>
                <th scope="row" className={`px-3 py-1 text-left ${total ? '' : 'font-normal'}`}>
                  {first?.text}
                </th>
                {rest.map((cell, i) => (
                  <td key={columns[i + 1]} className="px-3 py-1 text-right">
                    {cell.text}
                  </td>
                ))}
              </tr>
            )
          })}
        </tbody>
      </table>
    </section>
  )
}
