/** How many of a text's events the other text entails. */
export interface EventCount {
  readonly entailed: number
  readonly total: number
}

/** AutoDQ's verdict on one description: reference events found in it, and its own events found in the reference. */
export interface DreamVerdict {
  /** As in the prediction that was judged. */
  readonly key: string
  /** `NAME/sub task` as annotated; the table has a row for each. */
  readonly dataset: string
  /** As annotated; `n_subjects`, `n_shots` and `n_events` choose the row of the further tables. */
  readonly extraInfo: Readonly<Record<string, unknown>>
  readonly recall: EventCount
  readonly precision: EventCount
}

/** A judge's verdict on one open answer. */
export interface OpenVerdict {
  readonly key: string
  readonly dataset: string
  readonly correct: boolean
  /** 0 (nothing in common) to 5 (the same). */
  readonly score: number
}
