import { LibraryBig } from 'lucide-react'
import { useEffect } from 'react'
import { t } from '../../../shared/text.ts'
import { useLibrary } from '../../stores/library.ts'
import { reportErrors } from '../../stores/problem.ts'
import { useView } from '../../stores/view.ts'
import { Button } from '../ui/button.tsx'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { ViewHeader } from '../view-header.tsx'
import { HitList } from './hit-list.tsx'
import { LibraryMenu } from './library-menu.tsx'
import { SearchBar } from './search-bar.tsx'
import { SelectionBar } from './selection-bar.tsx'

/** Says why nothing is listed. */
function Empty({ text }: { readonly text: string }) {
  const show = useView((state) => state.show)
  if (text !== '') return <p className="px-6 py-12 text-center text-quiet">{t('Nothing contains “{text}”.', { text })}</p>
  return (
    <div className="grid flex-1 content-center justify-items-center gap-3 px-6 pb-16 text-center">
      <LibraryBig size={36} strokeWidth={1.4} aria-hidden="true" className="text-accent" />
      <p className="text-title font-semibold">{t('Nothing here yet')}</p>
      <p className="max-w-sm text-quiet">
        {t('Every clip that you ask about is kept here, with its answers and the moments in it, to be found again by a word.')}
      </p>
      <Button variant="primary" onClick={() => show('clip')}>
        {t('Open a clip')}
      </Button>
    </div>
  )
}

/** Full-text search over all descriptions, questions and answers. */
export function LibraryView() {
  const { total, problem, query, again, loadFilters, loading, chosen } = useLibrary()
  // biome-ignore lint/correctness/useExhaustiveDependencies: reload whenever the view is opened.
  useEffect(() => {
    void again()
    reportErrors(loadFilters)
  }, [])
  return (
    <div className="flex h-full flex-col">
      <ViewHeader
        title={t('Library')}
        lead={t('{count, plural, one {# entry} other {# entries}}. All conversations and events are stored on this machine.', {
          count: total,
        })}
      >
        <LibraryMenu />
      </ViewHeader>
      <SearchBar />
      {chosen.size > 0 && <SelectionBar />}
      {problem && (
        <div className="px-6 py-2">
          <FailureNotice error={problem} can={{ retry: () => void again() }} />
        </div>
      )}
      {total === 0 && !loading && !problem ? <Empty text={query.text} /> : <HitList />}
      <p role="status" className="sr-only">
        {loading ? '' : t('{count, plural, one {# entry} other {# entries}} found', { count: total })}
      </p>
    </div>
  )
}
