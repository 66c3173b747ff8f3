import { type CaptionShape, captionShapeSchema } from './caption-shape.ts'

/** Openings that tell of the medium instead of what it shows. */
const mediumOpenings = [
  'the|this video|clip|footage|film|scene|image|picture shows|depicts|features|captures|presents|displays|portrays|showcases|illustrates',
  'the|this video|clip|footage|film|scene begins|starts|opens|continues|ends|concludes with',
  'the|this video|clip|footage|film is about',
  'in|throughout the|this video|clip|footage|film|scene|image|picture',
  'we|you see',
  'we|you can see',
]

/** Words of guesses, and of what a picture shows besides its subject. */
const doubtfulWords = [
  'possibly',
  'probably',
  'perhaps',
  'maybe',
  'likely',
  'seems|seem',
  'appears|appear to',
  'suggests|suggesting',
  'watermark|watermarks',
  'logo|logos',
]

const field = (description: string) => ({ type: 'string', description })

/** What trainers of video models usually ask for. */
const fieldsSchema = {
  type: 'object',
  properties: {
    subject: field('Who or what the video is about.'),
    action: field('What happens.'),
    setting: field('Where it happens, and the light.'),
    camera: field('How the camera moves and where it is.'),
    style: field('Kind of the pictures, such as animation or documentary.'),
  },
  required: ['subject', 'action', 'setting', 'camera', 'style'],
  additionalProperties: false,
}

const shapes = [
  { name: 'short-caption', bannedOpenings: mediumOpenings, bannedWords: doubtfulWords, maxWords: 40 },
  { name: 'long-caption', bannedOpenings: mediumOpenings, bannedWords: doubtfulWords, maxWords: 200, minWords: 40 },
  { name: 'one-sentence', bannedOpenings: mediumOpenings, maxSentences: 1 },
  {
    name: 'tags',
    form: 'tags',
    prompt: 'List short keywords for what the video shows, separated by commas: subjects, actions, setting, camera, style.',
    bannedOpenings: mediumOpenings,
    bannedWords: ['video|clip|footage', 'watermark|watermarks', 'logo|logos'],
    maxTags: 30,
  },
  { name: 'one-line' },
  { name: 'fields', rewrite: { kind: 'fields', schema: fieldsSchema } },
] as const

/** Shapes that are there from the start. */
export const readyShapes: readonly CaptionShape[] = shapes.map((shape) => captionShapeSchema.parse(shape))
export const readyShapeNames = shapes.map(({ name }) => name)

/** The ready shape of a name; undefined for other names. */
export function readyShape(name: string): CaptionShape | undefined {
  return readyShapes.find((shape) => shape.name === name)
}
