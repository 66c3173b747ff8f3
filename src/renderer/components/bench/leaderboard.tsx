import { useEffect } from 'react'
import { type DreamTriple, dreamKinds, type LeaderboardRow } from '../../../shared/contract/bench.ts'
import { t } from '../../../shared/text.ts'
import { useBench } from '../../stores/bench.ts'
import { reportErrors } from '../../stores/problem.ts'

/** Published DREAM-1K results, together with the user's own runs. */
export function Leaderboard() {
  const { leaderboard, loadLeaderboard } = useBench()
  useEffect(() => reportErrors(loadLeaderboard), [loadLeaderboard])
  return (
    <div className="space-y-3">
      <p className="max-w-3xl text-control text-quiet">
        {t(
          'AutoDQ on 1,000 clips, in percent. The published figures were judged by GPT-3.5 Turbo. Your figures are comparable only if the same judge was used. Your own runs appear in this list after they have been judged.',
        )}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable regions must be focusable by keyboard. */}
      <section tabIndex={0} aria-label={t('Scores')} className="relative max-w-full overflow-x-auto rounded-panel bg-panel shadow-panel">
        <table className="w-full text-control tabular-nums">
          <caption className="sr-only">{t('DREAM-1K, sorted by F1 in descending order')}</caption>
          <thead>
            <tr className="border-b border-line text-quiet">
              <Head text="#" />
              <Head text={t('Model')} left />
              <Head text="F1" />
              <Head text={t('Precision')} />
              <Head text={t('Recall')} />
              {dreamKinds.map((kind) => (
                <Head key={kind} text={kind} />
              ))}
              <Head text={t('Source')} left />
            </tr>
          </thead>
          <tbody>
            {leaderboard.map((row, i) => (
              <Row key={row.source.kind === 'own' ? row.source.run : `${row.source.title} ${row.model}`} row={row} rank={i + 1} />
            ))}
          </tbody>
        </table>
      </section>
    </div>
  )
}

function Head({ text, left = false }: { readonly text: string; readonly left?: boolean }) {
  return (
    <th scope="col" className={`px-2.5 py-1.5 font-medium whitespace-nowrap ${left ? 'text-left' : 'text-right'}`}>
      {text}
    </th>
  )
}

function Row({ row: { model, overall, kinds, source }, rank }: { readonly row: LeaderboardRow; readonly rank: number }) {
  const show = useBench((state) => state.show)
  const own = source.kind === 'own'
  return (
    <tr className={own ? 'bg-accent-soft' : 'border-t border-line'}>
      <td className="px-2.5 py-1 text-right text-quiet">{rank}</td>
      <th scope="row" className="px-2.5 py-1 text-left font-medium whitespace-nowrap">
        {own ? (
          <button type="button" className="text-accent underline decoration-1 underline-offset-2" onClick={() => void show(source.run)}>
            {model}
          </button>
        ) : (
          model
        )}
      </th>
      <td className="px-2.5 py-1 text-right font-semibold">{overall.f1.toFixed(1)}</td>
      <td className="px-2.5 py-1 text-right">{overall.precision.toFixed(1)}</td>
      <td className="px-2.5 py-1 text-right">{overall.recall.toFixed(1)}</td>
      {dreamKinds.map((kind) => (
        <td key={kind} className="px-2.5 py-1 text-right">
          <KindFigure triple={kinds[kind]} />
        </td>
      ))}
      <td className="px-2.5 py-1 whitespace-nowrap text-quiet">{sourceText(source)}</td>
    </tr>
  )
}

function KindFigure({ triple }: { readonly triple: DreamTriple | undefined }) {
  if (triple) return triple.f1.toFixed(1)
  return (
    <span className="text-quiet">
      <span aria-hidden="true">–</span>
      <span className="sr-only">{t('not available')}</span>
    </span>
  )
}

function sourceText(source: LeaderboardRow['source']): string {
  if (source.kind === 'published') return `${source.title}, ${source.place}`
  const { name, judged, judge } = source
  return judge === null
    ? t('{judged, plural, =1000 {Your run {name}} other {Your run {name}, # of 1,000 clips}}', { judged, name })
    : t('{judged, plural, =1000 {Your run {name}, judged by {judge}} other {Your run {name}, # of 1,000 clips, judged by {judge}}}', {
        judged,
        name,
        judge,
      })
}
