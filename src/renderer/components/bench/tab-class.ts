/** Shared style of the tabs in the benchmarks view. */
export const tabClass =
  'border-b-2 border-transparent py-2 text-body font-medium text-quiet hover:text-text data-[state=active]:border-accent data-[state=active]:text-text'
