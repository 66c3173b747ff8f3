import { useEffect } from 'react'
import { counted } from '../../../shared/size-text.ts'
import { useLibrary } from '../../stores/library.ts'
import { reportErrors } from '../../stores/problem.ts'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { ViewHeader } from '../view-header.tsx'
import { HitList } from './hit-list.tsx'
import { LibraryMenu } from './library-menu.tsx'
import { SearchBar } from './search-bar.tsx'
import { SelectionBar } from './selection-bar.tsx'

/** Full-text search over all descriptions, questions and answers. */
export function LibraryView() {
  const { total, problem, query, search, loadFilters, loading, chosen } = useLibrary()
  // biome-ignore lint/correctness/useExhaustiveDependencies: reload whenever the view is opened.
  useEffect(() => {
    void search(query)
    reportErrors(loadFilters)
  }, [])
  return (
    <div className="flex h-full flex-col">
      <ViewHeader title="Library" lead={`${counted(total, 'conversation')}. All questions and answers are stored on this machine.`}>
        <LibraryMenu />
      </ViewHeader>
      <SearchBar />
      {chosen.size > 0 && <SelectionBar />}
      {problem && (
        <div className="px-6 py-2">
          <FailureNotice error={problem} can={{ retry: () => void search(query) }} />
        </div>
      )}
      {total === 0 && !loading && !problem ? (
        <p className="px-6 py-12 text-center text-quiet">
          {query.text === ''
            ? 'The library is empty. Conversations about your clips appear here.'
            : `No conversation contains “${query.text}”.`}
        </p>
      ) : (
        <HitList />
      )}
      <p role="status" className="sr-only">
        {loading ? '' : `${counted(total, 'conversation')} found`}
      </p>
    </div>
  )
}
