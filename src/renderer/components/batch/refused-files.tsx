import { errorCodeInfo } from '../../../shared/error-codes.ts'
import type { ErrorData } from '../../../shared/errors.ts'
import { t } from '../../../shared/text.ts'
import { translate } from '../../../shared/translate.ts'
import { RichText } from '../ui/rich-text.tsx'

interface RefusedFilesProps {
  readonly refused: readonly { readonly name: string; readonly error: Pick<ErrorData, 'code' | 'message'> }[]
}

/** Files that could not be opened, with the reasons. */
export function RefusedFiles({ refused }: RefusedFilesProps) {
  if (refused.length === 0) return null
  return (
    <ul aria-label={t('Files that could not be opened')} className="max-h-48 space-y-1 overflow-y-auto text-control">
      {refused.map(({ name, error }, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: files of different folders may have the same name, and files never change their order.
        <li key={i}>
          <RichText
            message="{name}: {label}. {message}"
            values={{
              name: <span className="font-medium">{name}</span>,
              label: <span className="text-danger">{translate(errorCodeInfo[error.code].label)}</span>,
              message: translate(error.message),
            }}
          />
        </li>
      ))}
    </ul>
  )
}
