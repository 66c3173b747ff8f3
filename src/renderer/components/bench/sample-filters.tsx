import { Search } from 'lucide-react'
import { useEffect, useState } from 'react'
import { type BenchRun, type Change, changes, type SampleState, sampleStates } from '../../../shared/contract/bench.ts'
import { currentLanguage, t } from '../../../shared/text.ts'
import { changeNames, sampleStateNames, taskName } from '../../lib/bench-labels.ts'
import { useBench } from '../../stores/bench.ts'
import { type ListQuery, useBenchList } from '../../stores/bench-list.ts'
import { useBenchSample } from '../../stores/bench-sample.ts'

const DEBOUNCE_MS = 200
const control = 'h-9 rounded-control border border-edge bg-panel px-2 text-control'

/** Filters for the list of samples, and the run for comparison. */
export function SampleFilters({ run, query }: { readonly run: BenchRun; readonly query: ListQuery }) {
  const { runs, other, compareWith } = useBench()
  const { ask, total, counts, loading } = useBenchList()
  const [text, setText] = useState(query.text)
  const narrow = (change: Partial<ListQuery>) => {
    useBenchSample.getState().close()
    void ask({ ...query, ...change })
  }
  useEffect(() => {
    const timer = setTimeout(() => {
      // Other filters may have been chosen while the text was typed.
      const { query: now } = useBenchList.getState()
      if (!now || text === now.text) return
      useBenchSample.getState().close()
      void ask({ ...now, text })
    }, DEBOUNCE_MS)
    return () => clearTimeout(timer)
  }, [text, ask])
  const tasks = run.sets.flatMap(({ name, tasks: all }) => (all.length > 1 ? all : []).map((task) => ({ name, task })))
  return (
    <search className="flex flex-wrap gap-2 px-6 py-3">
      <div className="relative min-w-40 flex-1">
        <Search size={16} aria-hidden="true" className="pointer-events-none absolute top-2.5 left-3 text-quiet" />
        <input
          type="search"
          aria-label={t('Search prompts, answers and references')}
          placeholder={t('Search…')}
          className={`${control} w-full pl-9`}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </div>
      {(run.sets.length > 1 || tasks.length > 0) && (
        <select
          aria-label={t('Data set')}
          className={`${control} max-w-44`}
          value={query.dataset ?? ''}
          onChange={({ target: { value } }) => narrow({ dataset: value || null })}
        >
          <option value="">{t('All data sets')}</option>
          {run.sets.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
          {tasks.map(({ name, task }) => (
            <option key={task} value={task}>
              {run.sets.length > 1 ? `${name}: ${taskName(task)}` : taskName(task)}
            </option>
          ))}
        </select>
      )}
      {other === null ? (
        <StateFilter run={run} query={query} narrow={narrow} />
      ) : (
        <select
          aria-label={t('Second run compared with the first')}
          className={control}
          value={query.change ?? ''}
          onChange={({ target: { value } }) => narrow({ change: value === '' ? null : (value as Change) })}
        >
          <option value="">{t('All samples of both runs')}</option>
          {changes
            .filter((change) => (counts?.[change] ?? 0) > 0 || query.change === change)
            .map((change) => (
              <option key={change} value={change}>
                {changeNames[change]} ({(counts?.[change] ?? 0).toLocaleString(currentLanguage())})
              </option>
            ))}
        </select>
      )}
      <select
        aria-label={t('Compare with another run')}
        className={`${control} max-w-44`}
        value={other?.id ?? ''}
        onChange={({ target: { value } }) => compareWith(value || null)}
      >
        <option value="">{t('No comparison')}</option>
        {runs
          .filter(({ id }) => id !== run.id)
          .map(({ id, name }) => (
            <option key={id} value={id}>
              {t('Compare with {name}', { name })}
            </option>
          ))}
      </select>
      <p role="status" className="w-full text-note text-quiet">
        {loading ? t('Searching…') : t('{total, plural, one {# sample} other {# samples}}', { total })}
      </p>
    </search>
  )
}

interface StateFilterProps {
  readonly run: BenchRun
  readonly query: ListQuery
  readonly narrow: (change: Partial<ListQuery>) => void
}

function StateFilter({ run, query, narrow }: StateFilterProps) {
  const countOf = (state: SampleState) => run.sets.reduce((sum, { counts }) => sum + counts[state], 0)
  return (
    <>
      <select
        aria-label={t('Verdict')}
        className={control}
        value={query.state ?? ''}
        onChange={({ target: { value } }) => narrow({ state: value === '' ? null : (value as SampleState) })}
      >
        <option value="">{t('All verdicts')}</option>
        {sampleStates
          .filter((state) => countOf(state) > 0)
          .map((state) => (
            <option key={state} value={state}>
              {sampleStateNames[state]} ({countOf(state).toLocaleString(currentLanguage())})
            </option>
          ))}
      </select>
      <select
        aria-label={t('Order')}
        className={control}
        value={query.order}
        onChange={({ target: { value } }) => narrow({ order: value as ListQuery['order'] })}
      >
        <option value="run">{t('Order of the run')}</option>
        <option value="worst">{t('Worst first')}</option>
        <option value="best">{t('Best first')}</option>
      </select>
    </>
  )
}
