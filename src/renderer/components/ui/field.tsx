import { RotateCcw } from 'lucide-react'
import { type ReactNode, useId } from 'react'
import { t } from '../../../shared/text.ts'
import { IconButton } from './icon-button.tsx'

interface FieldProps {
  readonly label: string
  /** Explanation below the control. */
  readonly help?: ReactNode
  /** True if the setting has its default value. */
  readonly isDefault: boolean
  readonly onReset: () => void
  readonly children: (ids: { readonly id: string; readonly describedBy: string }) => ReactNode
}

/** A setting with its label, a "default" mark or a reset button, and an explanation. */
export function Field({ label, help, isDefault, onReset, children }: FieldProps) {
  const id = useId()
  return (
    <div className="grid content-start gap-1">
      <div className="flex min-h-8 items-center gap-2">
        <label htmlFor={id} className="text-control font-medium">
          {label}
        </label>
        {isDefault ? (
          <span className="rounded-full bg-sunk px-2 text-note text-quiet">{t('default')}</span>
        ) : (
          <IconButton icon={RotateCcw} label={t('Reset {name}', { name: label })} onClick={onReset} className="size-6" />
        )}
      </div>
      {children({ id, describedBy: `${id}-help` })}
      <p id={`${id}-help`} className="text-note text-quiet">
        {help}
      </p>
    </div>
  )
}

export const controlClass =
  'h-8 w-full rounded-control border border-edge bg-panel px-2 text-control disabled:opacity-55 disabled:cursor-not-allowed'
