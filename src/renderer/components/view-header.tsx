import type { ReactNode } from 'react'

/** Header of a view: title, description and actions. */
export function ViewHeader({ title, lead, children }: { readonly title: string; readonly lead: string; readonly children?: ReactNode }) {
  return (
    <header className="flex flex-wrap items-end gap-x-4 gap-y-2 px-6 pt-5 pb-3">
      <div className="min-w-0 flex-[1_1_16rem]">
        <h1 className="text-heading font-semibold tracking-tight">{title}</h1>
        <p className="text-control text-quiet">{lead}</p>
      </div>
      <div className="flex flex-wrap items-center gap-2">{children}</div>
    </header>
  )
}
