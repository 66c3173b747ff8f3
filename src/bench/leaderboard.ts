import { type DreamKind, type DreamTriple, dreamKinds } from '../shared/contract/bench.ts'

/** Publication of a set of scores. */
export interface Source {
  readonly title: string
  /** Location in the publication. */
  readonly place: string
  readonly address: string
}

/** A model's published scores on DREAM-1K. */
export interface Published {
  readonly model: string
  readonly source: Source
  readonly overall: DreamTriple
  readonly kinds: Readonly<Partial<Record<DreamKind, DreamTriple>>>
}

const tarsier2: Source = { title: 'Tarsier2, arXiv 2501.07888', place: 'Table 1', address: 'https://arxiv.org/abs/2501.07888' }
const board: Source = { title: 'DREAM-1K leaderboard', place: 'tarsier-vlm.github.io', address: 'https://tarsier-vlm.github.io/' }
const readme: Source = { title: 'README of bytedance/tarsier', place: 'DREAM-1K', address: 'https://github.com/bytedance/tarsier' }

/** F1/precision/recall in per cent, as in the table; the kinds in the order of `dreamKinds`, overall last. */
type Figures = readonly (readonly [model: string, figures: string])[]

const paperTable: Figures = [
  ['GPT-4V', '34.8/39.2/31.3 27.4/31.9/24.0 40.7/46.7/36.1 33.8/40.1/29.2 34.8/46.1/28.0 34.4/40.8/29.7'],
  ['GPT-4o', '39.8/42.1/37.8 35.8/39.1/33.1 44.0/46.6/41.7 35.9/41.5/31.7 39.9/47.9/34.2 39.2/43.4/35.7'],
  ['Gemini-1.5-Flash', '34.8/36.4/33.3 29.2/32.5/26.5 39.4/39.7/39.1 34.3/38.6/30.9 35.6/42.4/30.7 34.8/37.9/32.1'],
  ['Gemini-1.5-Pro', '36.4/36.4/36.4 30.7/31.8/29.7 42.2/40.7/43.8 34.0/36.7/31.6 37.0/42.4/32.7 36.2/37.6/34.8'],
  ['PLLaVA-34B', '29.3/34.9/25.2 20.9/32.0/15.6 35.1/42.5/29.9 28.9/40.8/22.3 25.6/41.9/18.4 28.2/38.4/22.3'],
  ['VideoLLaMA2-72B', '27.3/29.3/25.6 19.7/21.7/18.1 33.9/37.0/31.3 27.7/33.0/23.8 26.5/33.1/22.1 27.1/30.8/24.2'],
  ['LLaVA-OV-72B', '31.7/32.8/30.7 27.7/30.6/25.2 38.0/39.6/36.6 34.1/34.7/33.5 33.8/41.8/28.4 33.2/35.9/30.9'],
  ['LLaVA-Video-72B', '33.5/36.3/31.1 28.6/31.7/26.1 39.3/41.1/37.6 32.8/34.7/31.1 35.7/42.8/30.6 34.0/37.3/31.3'],
  ['Qwen2-VL-72B', '32.1/33.7/30.6 27.6/32.6/23.9 41.1/41.2/41.1 32.0/38.1/27.7 32.1/41.0/26.4 33.2/37.3/29.9'],
  ['InternVL2.5-78B', '25.3/31.5/21.1 21.8/28.8/17.6 33.5/38.1/29.9 31.0/38.5/25.9 31.1/41.7/24.8 28.6/35.7/23.9'],
  ['Tarsier-34B', '38.5/39.6/37.5 32.2/35.8/29.2 41.7/46.4/37.8 34.5/41.1/29.7 34.0/44.1/27.7 36.3/41.4/32.4'],
  ['Video-LLaVA-7B', '19.4/24.3/16.2 15.3/21.2/11.9 27.0/33.5/22.7 21.2/31.9/15.8 18.5/29.4/13.5 20.4/28.1/16.0'],
  ['VideoLLaMA2-7B', '25.1/28.7/22.2 20.4/25.5/17.0 32.6/35.5/30.2 27.5/33.5/23.4 24.5/34.1/19.2 26.2/31.5/22.4'],
  ['LLaVA-OV-7B', '31.2/33.2/29.3 26.8/29.0/25.0 38.1/39.1/37.1 30.6/32.1/29.2 31.4/38.3/26.6 31.7/34.3/29.4'],
  ['LLaVA-Video-7B', '31.4/35.2/28.4 27.6/32.9/23.8 36.7/39.7/34.1 33.0/39.5/28.3 33.4/42.5/27.5 32.5/37.9/28.4'],
  ['Qwen2-VL-7B', '27.7/32.5/24.2 22.2/28.0/18.4 37.0/36.1/38.0 30.7/35.5/27.0 29.1/37.6/23.8 29.6/33.9/26.3'],
  ['InternVL2.5-8B', '26.6/32.0/22.8 21.3/28.9/16.9 32.7/37.2/29.1 27.9/35.4/23.0 28.9/39.9/22.7 27.6/34.7/22.9'],
  ['Tarsier-7B', '36.6/38.5/34.8 29.3/34.6/25.5 39.6/44.7/35.5 33.0/39.2/28.4 33.6/44.6/26.9 34.6/40.3/30.2'],
  ['Tarsier2-7B', '44.4/41.9/47.3 39.3/39.5/39.1 45.7/45.4/46.0 36.0/38.4/33.9 43.7/48.9/39.4 42.0/42.8/41.1'],
]

/** Entries of the authors' leaderboard that are not in the paper; entries in both are identical. The size of the language model is in brackets. */
const boardTable: Figures = [
  ['Tarsier2-7B of September 2024', '43.8/43.1/44.5 37.1/37.2/37.1 43.9/44.2/43.6 34.5/37.7/31.8 40.9/45.5/37.1 40.1/41.5/38.8'],
  ['GPT-4o mini', '34.5/36.6/32.7 28.9/32.6/26.0 37.9/37.9/38.0 33.5/37.5/30.2 34.7/42.4/29.3 34.0/37.4/31.2'],
  ['VILA-1.5 (34B)', '34.1/34.3/33.8 27.1/30.3/24.5 38.4/41.7/35.6 33.7/38.6/29.9 31.5/43.2/24.8 33.2/37.6/29.7'],
  ['LLaVA-Video (32B)', '32.2/32.2/32.2 28.5/29.4/27.7 38.2/38.4/37.9 31.3/33.9/29.1 34.2/38.2/30.9 32.9/34.4/31.6'],
  ['InternVL2 (72B)', '33.0/36.2/30.3 24.0/29.4/20.2 38.7/45.2/33.8 30.1/38.2/24.8 32.3/44.2/25.4 31.7/38.7/26.9'],
  ['Claude 3.5 Sonnet', '29.1/34.0/25.4 26.7/33.4/22.3 35.9/37.4/34.5 30.6/37.2/25.9 33.4/40.4/28.5 31.2/36.5/27.3'],
  ['MiniCPM-V 2.6 (7B)', '30.5/33.8/27.7 24.8/27.8/22.5 35.4/35.8/35.0 29.5/31.3/28.0 31.6/38.9/26.5 30.5/33.5/27.9'],
  ['VILA-1.5 (7B)', '29.2/32.1/26.8 23.9/30.0/19.9 35.1/38.2/32.5 31.7/37.1/27.7 28.5/39.5/22.3 29.9/35.4/25.8'],
  ['VITA (8×7B)', '30.3/39.1/24.7 22.6/31.3/17.7 35.6/46.7/28.7 28.1/39.9/21.7 27.5/44.2/20.0 28.9/40.2/22.6'],
  ['InternVL2 (7B)', '27.3/27.4/27.1 20.6/23.8/18.1 33.3/33.5/33.0 26.9/30.2/24.2 25.7/32.7/21.2 26.9/29.5/24.7'],
  ['VideoChat2-Mistral (7B)', '26.0/28.1/24.3 18.8/23.9/15.5 33.2/33.6/32.7 27.3/32.7/23.4 26.5/36.8/20.7 26.6/31.0/23.3'],
  ['ShareGPT4Video (8B)', '19.8/27.8/15.4 14.8/22.8/10.9 25.2/28.9/22.4 19.1/26.2/15.0 18.0/27.3/13.4 19.5/26.6/15.4'],
]

/** The README's table has recall before precision, and fractions instead of per cent. */
const readmeTable: Figures = [
  ['Tarsier2-Recap-7b', '44.3/43.7/44.8 36.4/37.4/35.5 45.4/43.9/47.1 34.3/36.5/32.3 42.6/48.6/37.9 40.7/42.0/39.5'],
]

/** Published scores on DREAM-1K. The judge was GPT-3.5-turbo; other judges give different scores. */
export const published: readonly Published[] = [
  ...publishedIn(tarsier2, paperTable),
  ...publishedIn(board, boardTable),
  ...publishedIn(readme, readmeTable),
  { model: 'Tarsier2-7b-0115', source: readme, overall: { f1: 42.0, precision: 42.3, recall: 41.7 }, kinds: {} },
]

/** Kinds by their names in the annotations. */
export const dreamTasks: ReadonlyMap<string, DreamKind> = new Map([
  ['DREAM/movie_live_action', 'Live-action'],
  ['DREAM/movie_animation', 'Animation'],
  ['DREAM/videvo', 'Stock'],
  ['DREAM/youtube', 'YouTube'],
  ['DREAM/vertical_video', 'Shorts'],
])

function publishedIn(source: Source, table: Figures): Published[] {
  return table.map(([model, figures]) => {
    const triples = figures.split(' ').map(tripleOf)
    const overall = triples[dreamKinds.length] ?? tripleOf('')
    return { model, source, overall, kinds: Object.fromEntries(dreamKinds.map((kind, i) => [kind, triples[i]])) }
  })
}

function tripleOf(text: string): DreamTriple {
  const [f1 = Number.NaN, precision = Number.NaN, recall = Number.NaN] = text.split('/').map(Number)
  return { f1, precision, recall }
}
