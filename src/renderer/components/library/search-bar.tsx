import { Search } from 'lucide-react'
import { t } from '../../../shared/text.ts'
import { SEARCH_FIELD } from '../../flows/global-keys.ts'
import { type Query, useLibrary } from '../../stores/library.ts'

const control = 'h-9 rounded-control border border-edge bg-panel px-2 text-control'
const ages = { '': t('Any time'), 1: t('Last day'), 7: t('Last week'), 31: t('Last month'), 366: t('Last year') }

/** Search text and filters of the library. */
export function SearchBar() {
  const { query, typed, filters, search, type } = useLibrary()
  const narrow = (name: keyof Query, value: string | number | undefined) => {
    const { [name]: _removed, ...rest } = query
    void search(value === undefined || value === '' ? ({ ...rest, text: typed } as Query) : { ...query, text: typed, [name]: value })
  }
  return (
    <search className="flex flex-wrap gap-2 px-6 pb-3">
      <div className="relative min-w-44 flex-1">
        <Search size={16} aria-hidden="true" className="pointer-events-none absolute top-2.5 left-3 text-quiet" />
        <input
          id={SEARCH_FIELD}
          type="search"
          aria-label={t('Search descriptions, questions, answers, events and names')}
          placeholder={t('Search conversations and moments…')}
          className={`${control} w-full pl-9`}
          value={typed}
          onChange={(event) => type(event.target.value)}
        />
      </div>
      <select
        aria-label={t('Kind of clip')}
        className={control}
        value={query.kind ?? ''}
        onChange={(event) => narrow('kind', event.target.value)}
      >
        <option value="">{t('All kinds')}</option>
        <option value="video">{t('Videos')}</option>
        <option value="image">{t('Images')}</option>
        <option value="gif">{t('Animations')}</option>
      </select>
      <select
        aria-label={t('Model')}
        className={control}
        value={query.model ?? ''}
        onChange={(event) => narrow('model', event.target.value)}
      >
        <option value="">{t('All models')}</option>
        {filters.models.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <select
        aria-label={t('Date')}
        className={control}
        value={query.days ?? ''}
        onChange={({ target: { value } }) => narrow('days', value === '' ? undefined : Number(value))}
      >
        {Object.entries(ages)
          .sort(([a], [b]) => Number(a) - Number(b))
          .map(([days, name]) => (
            <option key={days} value={days}>
              {name}
            </option>
          ))}
      </select>
      {filters.folders.length > 0 && (
        <select
          aria-label={t('Folder')}
          className={`${control} max-w-40`}
          value={query.folder ?? ''}
          onChange={(event) => narrow('folder', event.target.value)}
        >
          <option value="">{t('All folders')}</option>
          {filters.folders.map((folder) => (
            <option key={folder}>{folder}</option>
          ))}
        </select>
      )}
    </search>
  )
}
