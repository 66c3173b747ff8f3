import type { ReactNode } from 'react'
import { t } from '../../../shared/text.ts'
import { supportLevel, supportLevels, supportText } from '../../lib/support-levels.ts'

/** A word on the background and with the underline of its support. */
export function ShadedWord({ support, children }: { readonly support: number; readonly children: ReactNode }) {
  const { className, name } = supportLevel(support)
  return (
    <span className={`support ${className}`} title={t('Support {support}: {level}', { support: supportText(support), level: name })}>
      {children}
    </span>
  )
}

/** Explains the shading. */
export function SupportLegend() {
  return (
    <p className="flex flex-wrap items-center gap-x-1.5 gap-y-1 text-note text-quiet">
      <span className="pr-0.5">{t('Support:')}</span>
      <span>0</span>
      {supportLevels.map(({ className, name, from }) => (
        <span key={name} className={`support text-text ${className}`} title={t('From {start}', { start: supportText(from) })}>
          {name}
        </span>
      ))}
      <span>1</span>
    </p>
  )
}
