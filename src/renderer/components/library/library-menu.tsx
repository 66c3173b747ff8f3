import { useState } from 'react'
import type { ExportFormat } from '../../../shared/contract/batch.ts'
import { t } from '../../../shared/text.ts'
import { chooseFile } from '../../flows/take-files.ts'
import { saveText } from '../../lib/save-text.ts'
import { chosenOf, useLibrary } from '../../stores/library.ts'
import { reportErrors } from '../../stores/problem.ts'
import { service } from '../../transport.ts'
import { Dialog } from '../ui/dialog.tsx'
import { ExportMenu } from '../ui/export-menu.tsx'

/** Exports the selected entries, or all if none are selected, and imports exported files. */
export function LibraryMenu() {
  const chosen = useLibrary((state) => state.chosen)
  const [imported, setImported] = useState<{ readonly added: number; readonly present: number } | null>(null)
  const save = async (format: ExportFormat | 'library') => {
    saveText(await service.library.export({ format, ...(chosen.size > 0 && chosenOf(chosen)) }))
  }
  const read = async (file: File) => {
    setImported(await service.library.import({ text: await file.text() }))
    const { search, query } = useLibrary.getState()
    await search(query)
  }
  return (
    <>
      <ExportMenu
        onPick={(format) => reportErrors(() => save(format))}
        more={[
          { name: t('Whole library (can be imported again)'), onPick: () => reportErrors(() => save('library')) },
          { name: t('Import…'), onPick: () => chooseFile('.json,application/json', (file) => reportErrors(() => read(file))) },
        ]}
      />
      {imported && (
        <Dialog title={t('Import finished')} onClose={() => setImported(null)}>
          <p>
            {t(
              '{added, plural, one {# entry} other {# entries}} imported; {present, plural, one {# was} other {# were}} already in the library.',
              imported,
            )}
          </p>
        </Dialog>
      )}
    </>
  )
}
