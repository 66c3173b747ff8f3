import { useState } from 'react'
import type { ClipMetadata } from '../../../shared/contract/clips.ts'
import type { TarsierError } from '../../../shared/errors.ts'
import { t } from '../../../shared/text.ts'
import { locateClip } from '../../flows/open-clip.ts'
import { chooseFile } from '../../flows/take-files.ts'
import { problemOf } from '../../stores/problem.ts'
import { Button } from '../ui/button.tsx'
import { FailureNotice } from '../ui/failure-notice.tsx'
import { Notice } from '../ui/notice.tsx'

/** Shown for a clip whose file was moved or removed. The conversation remains available, and the user can locate the file. */
export function MissingFile({ metadata }: { readonly metadata: ClipMetadata }) {
  const [refused, setRefused] = useState<{ readonly file: File; readonly error: TarsierError } | null>(null)
  const locate = async (file: File, force: boolean) => {
    try {
      await locateClip(file, force)
    } catch (thrown) {
      const error = problemOf(thrown)
      setRefused(error && { file, error })
    }
  }
  const find = <Button onClick={() => chooseFile('', (file) => void locate(file, false))}>{t('Find the file…')}</Button>
  return (
    <div className="space-y-3 px-4 pb-4">
      <Notice title={t('The file is missing')} actions={find}>
        {t('“{name}” was moved, renamed or deleted. Its conversations are still available. To ask more questions, locate the file.', {
          name: metadata.name,
        })}
      </Notice>
      {refused && <FailureNotice error={refused.error} onDismiss={() => setRefused(null)} />}
      {refused?.error.code === 'usage' && (
        <Button size="small" onClick={() => void locate(refused.file, true)}>
          {t('Use “{name}” anyway', { name: refused.file.name })}
        </Button>
      )}
    </div>
  )
}
