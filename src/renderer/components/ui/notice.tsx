import { CircleCheck, Info, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'

const tones = {
  info: { box: 'bg-sunk', icon: Info, colour: 'text-accent' },
  good: { box: 'bg-good-soft', icon: CircleCheck, colour: 'text-good' },
  bad: { box: 'bg-danger-soft', icon: TriangleAlert, colour: 'text-danger' },
} as const

interface NoticeProps {
  readonly tone?: keyof typeof tones
  readonly title?: string
  readonly children?: ReactNode
  readonly actions?: ReactNode
  /** Announced immediately by screen readers. */
  readonly urgent?: boolean
}

export function Notice({ tone = 'info', title, children, actions, urgent = false }: NoticeProps) {
  const { box, icon: Icon, colour } = tones[tone]
  return (
    <div role={urgent ? 'alert' : undefined} className={`flex gap-3 rounded-panel px-4 py-3 ${box}`}>
      <Icon size={18} aria-hidden="true" className={`mt-0.5 shrink-0 ${colour}`} />
      <div className="min-w-0 flex-1 space-y-1">
        {title && <p className="font-semibold">{title}</p>}
        {children && <div className="text-body wrap-anywhere">{children}</div>}
        {actions && <div className="flex flex-wrap gap-2 pt-1.5">{actions}</div>}
      </div>
    </div>
  )
}
