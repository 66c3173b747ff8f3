import { ArrowLeft, ListX } from 'lucide-react'
import { Tabs } from 'radix-ui'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { useBench } from '../../stores/bench.ts'
import { reportErrors } from '../../stores/problem.ts'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { Notice } from '../ui/notice.tsx'
import { RunTables } from './run-tables.tsx'
import { SamplesPage } from './samples-page.tsx'
import { tabClass } from './tab-class.ts'

/** A run: its tables and samples. */
export function RunView() {
  const { runs, open, run, problem, show, takeOff } = useBench()
  const named = run ?? runs.find(({ id }) => id === open)
  const samples = run?.sets.flatMap(({ counts }) => Object.values(counts)).reduce((sum, count) => sum + count, 0) ?? 0
  return (
    <div className="flex h-full flex-col">
      <header className="flex items-center gap-3 px-6 pt-4 pb-2">
        <IconButton icon={ArrowLeft} label={t('All runs')} onClick={() => void show(null)} />
        <div className="min-w-0 flex-1">
          <h1 className="truncate text-heading font-semibold tracking-tight">{named?.name ?? t('Run')}</h1>
          <p className="truncate text-control text-quiet" role="status">
            {run
              ? [run.model, t('{samples, plural, one {# sample} other {# samples}}', { samples }), run.place].filter(Boolean).join(' · ')
              : problem
                ? ''
                : t('Reading the run…')}
          </p>
        </div>
        {run?.opened && (
          <IconButton
            icon={ListX}
            label={t('Remove this run from the list (its files are kept)')}
            onClick={() => reportErrors(() => takeOff(run.id))}
          />
        )}
      </header>
      {problem && (
        <div className="px-6 pb-2">
          <FailureNotice error={problem} can={{ retry: () => void show(open) }} />
        </div>
      )}
      {run && run.broken.count > 0 && (
        <div className="px-6 pb-2">
          <Notice
            tone="bad"
            title={t('{count, plural, one {# line could not be read} other {# lines could not be read}}', { count: run.broken.count })}
          >
            {run.broken.first.map((line) => (
              <p key={line}>{translate(line)}</p>
            ))}
          </Notice>
        </div>
      )}
      {run && (
        <Tabs.Root defaultValue="samples" className="flex min-h-0 flex-1 flex-col">
          <Tabs.List aria-label={t('Parts of the run')} className="flex gap-4 border-b border-line px-6">
            <Tabs.Trigger value="samples" className={tabClass}>
              {t('Samples')}
            </Tabs.Trigger>
            <Tabs.Trigger value="tables" className={tabClass}>
              {t('Tables')}
            </Tabs.Trigger>
          </Tabs.List>
          <Tabs.Content value="samples" className="min-h-0 flex-1">
            <SamplesPage run={run} />
          </Tabs.Content>
          <Tabs.Content value="tables" className="min-h-0 flex-1 overflow-y-auto px-6 py-4">
            <RunTables run={run} />
          </Tabs.Content>
        </Tabs.Root>
      )}
    </div>
  )
}
