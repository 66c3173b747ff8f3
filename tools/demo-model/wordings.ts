import type { Random } from '../../src/bench/moving-shapes/random.ts'
import { capital } from '../../src/bench/moving-shapes/words.ts'

/**
 * Wordings of the questions that the demo model is trained on. `[a|b]` stands for one of the alternatives, which may be empty, and `{name}` for a value
 * of the scene. Wordings of the evaluation stand in held-out-wordings.ts; none of them may be added here.
 */
export const wordings = {
  describe: [
    'Can you [describe|summarize|explain|caption] [this|the] {video}?',
    'Could you [tell me|say] what [happens|is going on|you see][| in the {video}| here]?',
    'I [want|would like] [to know what happens|a summary|to hear about the {video}].',
    'Report [what happens|what you see|everything].',
    '[Narrate|Outline|Depict|Portray|Relate] [everything|what you see|what happens][| in the {video}| for me].',
    '[Outline|Depict|Present|Review|Relate] [the|this] {video}[| for me].',
    '[Describe|Tell me|Report|Give me|Say] [all |]what happens [in order|in sequence|from start to end|from beginning to end|chronologically].',
    '[Give|List|Tell me] [the |all ][actions|events|motions and objects] [of|in] the {video}[| in order| one after the other].',
    'What [is|was] [there|to be seen|happening|shown] [in|on] [my|this|the] {video}?',
    "[What's|What is] [this|it|that]?",
    '[So |]what do we [see|have] here?',
    '[Tell me|Talk|Say something] about [this|that|the {video}|what you see].',
    '[I need|Make|Produce|Provide|Please write] [a|one] [text|report|caption|summary|description|transcript] [for|about|of] [it|this|the {video}].',
    'Let me know what [happens|goes on|you see][| in the {video}].',
    'Your [description|caption|summary], please.',
    '[Summary|Caption|Overview|Events|Contents][|?|.]',
    'Put [it|the {video}|this {video}] into words.',
    'Note [down |]what [happens|you see].',
    '[Recount|Retell|Sketch] [the {video}|what happens].',
    'What [took place|happened|went on|occurs][| in the {video}| in it]?',
    'What did [this|the] {video} show?',
    '[Go through|Walk me through] the {video}[| step by step].',
    'Everything that happens[| in the {video}], please.',
    '[Give|Write|Provide] [me |][a report|an outline|an overview|a record|the story|a short account|a full account] [of|on] [the|this] {video}[|, please].',
    '[An account|The story|A report|An overview] of [the|this] {video}[|, please].',
    'Describe [the|this] {video} in detail.',
    'Describe [the|this] {video} in detail.',
    'Describe [the|this|my] {video}[| in one sentence| briefly| in a few words| precisely| completely].',
    '[Give|Write] [me |]a [|short |detailed |full |complete ][description|caption|summary] of [the|this] {video}.',
    'Caption [this|the] {video}.',
    'Summarize [the|this] {video}.',
    'Summarise [the|this] {video}.',
    'What [happens|is happening|goes on|is going on|takes place] in [the|this] {video}?',
    'What [happens|is happening|is going on] [|here|there|on the screen|on screen]?',
    "What's [happening|going on] [in the {video}|here|there]?",
    'What do you see[| in the {video}| here| there]?',
    'What can [you see|be seen|I see][| in the {video}| here]?',
    'What is [shown|visible|in it|in the {video}|on the screen|there to see]?',
    "What's in [the|this] {video}?",
    'What is [this|the] {video} about?',
    'Tell me [what happens|what you see|everything|what is going on|what this shows|about this {video}].',
    'Say what [happens|you see|is going on][| in the {video}].',
    '[Describe|List|Name] [|all ][the |]events[| in the {video}| you see].',
    '[Please describe|Describe] [what you see|everything you see|what happens][| in the {video}| in detail].',
    'Explain [the {video}|what happens|what you see].',
    'Describe.',
    'Description',
    'describe it',
    'Describe it again.',
    'Again, what happens in the {video}?',
    'Describe the {video} once more.',
    'Repeat the description[| of the {video}].',
  ],
  describeStill: [
    'Describe the video in detail.',
    'Describe [the|this] [image|picture|photo|frame|video][| in detail| briefly].',
    'What do you see[| in the picture| here]?',
    'What is [in the|on the|in this] [picture|image]?',
    'What is [shown|visible][| in the image]?',
    "What's in [the|this] [picture|image]?",
    'Caption [this|the] [image|picture].',
    'Tell me [what you see|about the picture].',
  ],
  color: [
    'I want to know [the [color|colour] of {the}|[what|which] [color|colour] {the} [is|has]].',
    'Can you tell me [what|which] [color|colour] {the} [is|has]?',
    '{the}, which [color|colour] is it?',
    '{the} [is|has|was|shows] [what|which] [color|colour]?',
    'In [what|which] [color|colour] [is {the} [painted|filled|shown|colored]|do you see {the}|does {the} appear]?',
    '[What|Which] [color|colour] is {the} [painted|filled|shown|seen] in?',
    'What [color|colour] was {the}?',
    '[color|colour] {the}',
    'With [what|which] [color|colour] is {the} filled?',
    'What [color|colour] is {the}?',
    'What [color|colour] is {the}?',
    'Which [color|colour] is {the}?',
    'Which [color|colour] does {the} have?',
    'What is the [color|colour] of {the}?',
    "What's the [color|colour] of {the}?",
    'What [color|colour] does {the} have?',
    'Of which [color|colour] is {the}?',
    '[Tell me|Say|Name] the [color|colour] of {the}.',
    'The [color|colour] of {the}?',
    'Do you know [what|which] [color|colour] {the} is?',
  ],
  colors: [
    '[Name|Say] [all|every one of] the [colors|colours][| you see| in the {video}].',
    '[What|Which] [colors|colours] does the {video} [show|have]?',
    '[Say|Tell me] [what|which] [colors|colours] there are.',
    'What [colors|colours] [are the {things}|do the {things} have|do you see|are there|are in the {video}]?',
    'Which [colors|colours] [are the {things}|do the {things} have|do you see|are there|appear]?',
    '[Name|List|Tell me] the [colors|colours][| of the {things}| you see].',
    '[Colors|Colours]?',
    'color',
    'colour?',
  ],
  shape: [
    'Can you tell me [what|which] shape {the} [is|has]?',
    'Say [what|which] [kind of |]shape {the} is.',
    '{the}: circle, square, triangle, star or cross?',
    'I want to know the shape of {the}.',
    '{the} [is [what|which] shape|has [which|what sort of|what kind of] [shape|form]|is of [what|which] [shape|form]]?',
    'Of [what|which] shape is {the}?',
    '[What|Which] shape do you see {the} in?',
    'shape of {the}',
    'What shape is {the}?',
    'Which shape is {the}?',
    'Which shape does {the} have?',
    'What shape does {the} have?',
    'What is the shape of {the}?',
    'What is {the}?',
    '[What|Which] [kind|type|sort] of [shape|figure|object] is {the}?',
    '[Tell me|Say|Name] the shape of {the}.',
    'The shape of {the}?',
    'Is {the} a circle, a square, a triangle, a star or a cross?',
    'What form does {the} have?',
  ],
  shapes: [
    '[What|Which] [shapes|figures|objects|things] does the {video} [show|have|contain]?',
    '[List|Name|Say|Tell me] all [the |][shapes|figures|objects|things][| you see| in it| in the {video}| there are].',
    '[Tell me|Say] [what|which] [shapes|figures|objects] [there are|you see|are shown].',
    'Which {things}?',
    'The {things} in the {video}?',
    'What shapes [are there|do you see|are in the {video}|are shown|appear]?',
    'Which shapes [are there|do you see|are in the {video}|can you see|appear]?',
    '[What|Which] [objects|things|figures] [are there|do you see|are in the {video}|are shown|can be seen]?',
    '[Name|List] the [shapes|objects|figures][| in the {video}| you see].',
    'Shapes?',
    'shape',
    'objects?',
  ],
  count: [
    'Are there one or two [objects|shapes|things|figures][| in the {video}]?',
    'Do you see one [object|shape|thing|figure] or two?',
    'Is it one [object|shape|figure] or [two|more]?',
    'One or two {things}?',
    'How many [different |]{things} [appear|are shown|does the {video} show|does the {video} have|did you see]?',
    '[What|Which] number of {things} [do you see|are there|appears]?',
    '[Give|I want to know] the [number|count] of {things}[| in the {video}].',
    'Say how many {things} [there are|you see].',
    'How many [objects|shapes|things|figures] are there[| in the {video}]?',
    'How many [objects|shapes|things|figures] do you see?',
    'How many [objects|shapes|things|figures] [are|can be seen|are visible] in the {video}?',
    'How many are there?',
    'How many?',
    '[What is|Tell me|Say] the number of [objects|shapes|things].',
    'Count the [objects|shapes|things|figures][| in the {video}].',
    'Number of [shapes|objects]?',
  ],
  motion: [
    'Say what {the} does.',
    'Can you [tell me|explain|describe] [how {the} moves|what {the} does|what {the} is doing]?',
    'What action does {the} [perform|make|take]?',
    'What did {the} do[| in the {video}]?',
    'I want to know what {the} does.',
    'Explain [the motion of {the}|how {the} moves].',
    '{the}: what does it do?',
    'What is {the} doing?',
    'What does {the} do?',
    'How does {the} move?',
    'How is {the} moving?',
    'What happens to {the}?',
    'What happens with {the}?',
    '[Describe|Tell me] [the motion|the movement|the movements|the behavior] of {the}.',
    'Describe [how {the} moves|what {the} does].',
    '[What|Which] [motion|movement] does {the} make?',
    'How does {the} behave?',
    '[What|And what] about {the}?',
    '{the}: how does it [move|behave]?',
    'In [what|which] [way|direction] does {the} move?',
    '[In what|Which] direction does {the} go?',
    'Where does {the} [go|move][| to]?',
    'What does {the} do in the {video}?',
    'Tell me what {the} does.',
    'What is {the} [busy with|going to do|about to do]?',
    '[Describe|Explain] the [behavior|behaviour|path|action] of {the}[| please].',
    '[Motion|Movement] of {the}[|?]',
    'And {the}?',
    'What are the [actions|movements|motions] of {the}?',
    'What can be said about [the motion of {the}|how {the} moves]?',
  ],
  motions: [
    'How do the {things} move?',
    'What [are the {things} doing|do the {things} do]?',
    'What [moves|is moving][| in the {video}]?',
    'Describe [the motion|the movement|the movements|all motions].',
    '[What|Which] [motions|movements] [are there|do you see]?',
    'Motion?',
    'movement',
  ],
  first: [
    'What does {the} do first?',
    'What does {the} do [at the start|at the beginning|in the beginning|initially|to begin with]?',
    '[First|At first], what does {the} do?',
    'How does {the} start?',
    'What is the first [motion|movement|thing] of {the}?',
    'What is the first thing {the} does?',
    'What happens to {the} [first|at the start|at the beginning]?',
  ],
  firsts: [
    'What [takes place|comes|do you see] [first|at the start|in the beginning]?',
    'And [at the start|in the beginning|first]?',
    'What is the [initial|opening] [event|motion]?',
    'How does it all [start|begin]?',
    '[Tell me|Say|Describe] what happens [first|at the start|at the beginning].',
    'What happens first[| in the {video}]?',
    'What happens [at the start|at the beginning|in the beginning|initially|to begin with][| of the {video}]?',
    'How does [the {video}|it] [start|begin]?',
    'What is the first [event|thing that happens]?',
    '[First|Beginning|Start]?',
  ],
  last: [
    'What does {the} do last?',
    'What does {the} do [at the end|in the end|finally|at last|at the very end]?',
    '[Finally|In the end], what does {the} do?',
    'How does {the} end[| up]?',
    'What is the last [motion|movement|thing] of {the}?',
    'What is the last thing {the} does?',
    'What happens to {the} [last|at the end|in the end|finally]?',
  ],
  lasts: [
    'What [takes place|comes|do you see] [last|at the end|in the end]?',
    'And [at the end|in the end|last]?',
    'What is the [final|closing] [event|motion|movement]?',
    'How does it all [end|stop]?',
    'How does the {video} [stop|close|come to an end]?',
    '[Tell me|Say|Describe] what happens [last|at the end|in the end].',
    'The end of the {video}?',
    'What happens last[| in the {video}]?',
    'What happens [at the end|in the end|finally|at the very end][| of the {video}]?',
    'How does [the {video}|it] end?',
    'What is the last [event|thing that happens]?',
    '[Last|The end|End]?',
  ],
  background: [
    'What [color|colour] is the background?',
    'What is the background?',
    'Which [color|colour] does the background have?',
    "What is the background's [color|colour]?",
    'What is the [color|colour] of the background?',
    '[Tell me|Say|Name] the [color|colour] of the background.',
    'Which [color|colour] is the background?',
    'What does the background look like?',
    'Describe the background.',
    'What is behind [it|the {things}]?',
    'Background?',
    'background [color|colour]',
    '[And|Now|Then] [the background|what about the background]?',
    'And [what|which] [color|colour] [is|has] the background?',
    '[What|Which] [color|colour] [is|lies|do you see] behind [it|them|the {things}|all of it]?',
    'On [what|which] [color|colour] [do the {things} move|is it drawn|are they drawn]?',
    "[I want to know|Can you tell me] the [background's color|background colour|color of the background].",
    'What [color|colour] does the [backdrop|background|ground] have?',
    '[Backdrop|Background]: [what|which] [color|colour]?',
    '[Color|Colour] of [the |]background[|?]',
    'What is [it|everything] in front of?',
  ],
  presence: [
    'Is there {a}[| in the {video}| here]?',
    'Do you see {a}[| in the {video}| here]?',
    'Can you see {a}?',
    '[Is|Was] {a} [shown|visible|in the {video}|there]?',
    'Does the {video} [show|have|contain] {a}?',
    'Does {a} appear[| in the {video}]?',
    'Are there any {plural}?',
    'Is one of the {things} {a}?',
  ],
  left: [
    '[What|Which [object|shape]] is [on the left|at the left|to the left|on the left side|further left]?',
    'What do you see on the left?',
    'What is the [leftmost|left] [object|shape|one|thing]?',
  ],
  right: [
    '[What|Which [object|shape]] is [on the right|at the right|to the right|on the right side|further right]?',
    'What do you see on the right?',
    'What is the [rightmost|right] [object|shape|one|thing]?',
  ],
  starts: [
    'When does {the} start to {verb}?',
    'When does {the} [begin to|start to] {verb}?',
    'When does {the} {verb}?',
    'At [what|which] [time|moment|point] does {the} {verb}?',
    '[When|At what point] [does {the} start|does {the} begin] {gerund}?',
    'How far into the {video} does {the} {verb}?',
    'Tell me when {the} starts to {verb}.',
  ],
  stops: [
    'When does {the} [stop|cease] {gerund}?',
    'When does {the} finish {gerund}?',
    'Until when does {the} {verb}?',
    'How long does {the} {verb}?',
    'Tell me when {the} stops {gerund}.',
  ],
} as const satisfies Readonly<Record<string, readonly string[]>>

export type Wording = keyof typeof wordings

const VIDEOS = [
  'video',
  'video',
  'video',
  'clip',
  'clip',
  'film',
  'animation',
  'movie',
  'recording',
  'footage',
  'sequence',
  'video clip',
  'scene',
]
const THINGS = ['objects', 'shapes', 'things', 'figures', 'items']
const POLITE_BEFORE = [
  'Please ',
  'please ',
  'Can you tell me: ',
  'Hey, ',
  'Hi! ',
  'Okay. ',
  'And ',
  'So, ',
  'Now, ',
  'Thanks. ',
  'I would like to know: ',
]
const POLITE_AFTER = [' Please.', ' please', ' Thanks!', ' Thank you.', ' Be brief.', ' Answer briefly.', '?', '!']

/** Returns a random wording with its values, sometimes with the small differences that people make when they type. */
export function worded(wording: Wording, values: Readonly<Record<string, string>>, random: Random): string {
  const chosen = expand(random.pick(wordings[wording]), random)
  const filled = chosen.replace(/\{(\w+)\}/g, (_, name: string) => {
    if (name === 'video') return random.pick(VIDEOS)
    if (name === 'things') return random.pick(THINGS)
    return values[name] ?? name
  })
  return asTyped(filled.slice(0, 1).toUpperCase() === filled.slice(0, 1) || random.chance(0.5) ? filled : capital(filled), random)
}

/** Replaces the innermost `[a|b]` by one of its alternatives until none is left. */
function expand(template: string, random: Random): string {
  let text = template
  for (let before = ''; before !== text; ) {
    before = text
    text = text.replace(/\[([^[\]]*)\]/g, (_, inside: string) => random.pick(inside.split('|')))
  }
  return text.replace(/ +([?.!])/g, '$1')
}

/** Changes a sentence as people do when they type: letters in lower case, no mark at the end, a polite word, a slip. */
export function asTyped(text: string, random: Random): string {
  let typed = text
  if (random.chance(0.06)) typed = `${random.pick(POLITE_BEFORE)}${typed.slice(0, 1).toLowerCase()}${typed.slice(1)}`
  if (random.chance(0.04)) typed += random.pick(POLITE_AFTER)
  if (random.chance(0.15)) typed = typed.toLowerCase()
  if (random.chance(0.15)) typed = typed.replace(/[?.!]$/, '')
  if (random.chance(0.02)) typed = typed.toUpperCase()
  if (random.chance(0.03) && typed.length > 8) {
    const at = random.whole(1, typed.length - 3)
    const [a = '', b = ''] = [typed.slice(at, at + 1), typed.slice(at + 1, at + 2)]
    typed = `${typed.slice(0, at)}${random.pick([`${b}${a}`, a, `${a}${a}${b}`])}${typed.slice(at + 2)}`
  }
  return typed
}
