import type { BenchDetail } from '../../../shared/contract/bench.ts'
import { translate } from '../../../shared/translate.ts'

/** A list of labels and values. */
export function DetailList({ details }: { readonly details: readonly BenchDetail[] }) {
  return (
    <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-0.5 py-2 text-control">
      {details.map(({ name, value }, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two entries may have the same label, and entries never change their order.
        <div key={i} className="contents">
          <dt className="text-quiet">{translate(name)}</dt>
          <dd className="min-w-0 wrap-anywhere">{value}</dd>
        </div>
      ))}
    </dl>
  )
}
