import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../../src/bench/moving-shapes/random.ts'
import written from './unknown-questions.json' with { type: 'json' }
import { asTyped, wordings } from './wordings.ts'

const NOUNS =
  'dog cat man woman child person car bus train tree house city street river forest mountain beach ball table chair phone book bird horse flower cloud sun moon face hand kitchen robot plane boat bridge door window hat shirt dress guitar piano'.split(
    ' ',
  )
const VERBS =
  'running talking eating sleeping dancing singing driving cooking playing laughing crying reading swimming jumping fighting waiting working'.split(
    ' ',
  )
const TEMPLATES = [
  'Is there a {noun}?',
  'Do you see a {noun} in the video?',
  'What is the {noun} doing?',
  'Where is the {noun}?',
  'Why is the {noun} {verb}?',
  'Who is {verb}?',
  'What is the {abstract} of {abstract}?',
  'What is the {abstract} of the {noun}?',
  'What is {abstract}?',
  'Why is there {abstract}?',
  'Do you believe in {abstract}?',
  'Does {abstract} have a {abstract}?',
  'Explain {abstract}.',
  'How old is the {noun}?',
  'What color is the {noun}?',
  'How many {noun}s are there?',
  'Is the {noun} {verb}?',
  'What does the {noun} say?',
  'Describe the {noun}.',
  'Is anybody {verb}?',
  'Write a {kind} about a {noun}.',
  'Tell me a {kind}.',
  'Translate this into {language}.',
  'What is {number} plus {number}?',
  'Who {made} this video?',
  'Where was this {filmed}?',
  'When was the video {filmed}?',
  'What is the weather like?',
  'What city is this?',
  'What is your name?',
  'Who are you?',
  'What are you?',
  'What can you do?',
  'What can I ask you?',
  'How can you help me?',
  'Help',
  'Help me',
  'Hello',
  'Hello!',
  'Hello{friend}',
  'Hello{friend}!',
  'Hi',
  'Hi{friend}!',
  'Hi{friend}',
  'Hey',
  'Hey{friend}!',
  'Good morning{friend}',
  'Good evening{friend}!',
  'Greetings',
  'Welcome{friend}!',
  'What is up?',
  'Nice to meet you{friend}.',
  'How are you?',
  'How do you do?',
  'Thanks',
  'Thank you!',
  'Okay',
  'OK',
  'Yes',
  'No',
  'Why?',
  'Why',
  'Really?',
  'Are you sure?',
  'Bye',
  'Goodbye!',
  'Nice.',
  'What music is playing?',
  'What is the sound?',
  'What does the text say?',
  'What time is it?',
  'Is it day or night?',
  'What is the mood of the video?',
  'What emotion does it show?',
  'Is this funny?',
  'Do you like it?',
  'Which camera was used?',
  'How does the camera move?',
  'Is it a {noun} or a {noun}?',
  '{noun}',
  '{noun}?',
  '{verb}',
  'test',
  '',
  '?',
  '...',
  'asdf',
]
const ABSTRACT =
  'love war money time peace happiness music science truth history beauty art death power faith purpose reason sense value price origin cause future end idea secret name'.split(
    ' ',
  )
/** Questions with random words of the folder's texts: more words than the lists above have. */
const WORD_TEMPLATES = [
  'What is the {word} of {word}?',
  'What is the {word} of the {word}?',
  'What is {word}?',
  'What is a {word}?',
  'Who is the {word}?',
  'Who is {word}?',
  'What does {word} mean?',
  'Where is the {word}?',
  'Which {word} is this?',
  'Is there a {word}?',
  'Is it a {word}?',
  'How {word} is the {word}?',
  'Why {word}?',
  'Tell me about {word}.',
  'Do you know the {word} of {word}?',
  'Does the {word} have {word}?',
  'The {word}?',
  'Can you {word}?',
  'Please {word}.',
  '{word} {word}',
  '{word}',
]
const KINDS = ['poem', 'story', 'joke', 'song', 'letter', 'recipe']
const LANGUAGES = ['French', 'German', 'Chinese', 'Spanish', 'Italian']

const FOREIGN = [
  'Beschreibe das Video.',
  'Was passiert in dem Video?',
  'Welche Farbe hat der Kreis?',
  'Wie viele Formen gibt es?',
  'Hallo',
  '¿Qué pasa en el vídeo?',
  'Describe el video en detalle.',
  '¿De qué color es el círculo?',
  'Hola',
  'Décrivez la vidéo en détail.',
  'Que se passe-t-il dans la vidéo ?',
  'De quelle couleur est le fond ?',
  'Bonjour',
  'Descrivi il video.',
  'Cosa succede nel video?',
  'Ciao',
  'Descreva o vídeo.',
  'O que acontece no vídeo?',
  'Опишите видео.',
  'Что происходит в видео?',
  'Привет',
  '描述这个视频。',
  '视频里发生了什么？',
  '你好',
  '動画を説明してください。',
  '何が起こりますか？',
  '비디오를 설명해 주세요.',
  'صف الفيديو.',
  'ماذا يحدث في الفيديو؟',
  'वीडियो का वर्णन करें।',
  'Opisz wideo.',
  'Videoyu anlat.',
  'Was ist das?',
  'Was sieht man hier?',
  'Erzähl mir etwas darüber.',
  'Fasse den Film zusammen.',
  'Welche Farben siehst du hier?',
  'Guten Tag',
  'Che cosa si vede?',
  'Che succede qui?',
  'Quali forme ci sono?',
  'Di che colore è lo sfondo?',
  'Buongiorno',
  '¿Qué ves?',
  '¿Qué es esto?',
  'Cuéntame el vídeo.',
  '¿Qué hace la estrella?',
  'Buenos días',
  "Qu'est-ce que tu vois ?",
  "Qu'y a-t-il dans cette vidéo ?",
  'Combien de formes y a-t-il ?',
  'Racontez le film.',
  'Que vês aqui?',
  'Quantas formas há?',
  'Olá',
  'Wat zie je?',
  'Wat gebeurt er in de video?',
  'Beschrijf de film.',
  'Hoi',
  'Hvad ser du?',
  'Hva skjer i videoen?',
  'Beskriv videoen.',
  'Hej',
  'Mitä videolla tapahtuu?',
  'Kuvaile elokuva.',
  'Kuvaile tätä klippiä.',
  'Kerro videosta.',
  'Kirjoita videota varten teksti.',
  'Mitä näet?',
  'Mikä väri on ympyrä?',
  'Selosta elokuvaa.',
  'Vad ser du?',
  'Berätta om filmen.',
  'Kas videos toimub?',
  'Kirjelda seda.',
  'Aprakstiet klipu.',
  'Apibūdink įrašą.',
  'Descriu la pel·lícula.',
  'Popíšte nahrávku.',
  'Opiši posnetek.',
  'Eleza video hii.',
  'Co widzisz?',
  'Co dzieje się na filmie?',
  'Cześć',
  'Co vidíš?',
  'Popiš video.',
  'Mit látsz?',
  'Írd le a videót.',
  'Ce vezi aici?',
  'Descrie filmul.',
  'Ne görüyorsun?',
  'Merhaba',
  'Apa yang terjadi di video?',
  'Kamu lihat apa?',
  'Video này có gì?',
  'Hãy mô tả video.',
  'Що ти бачиш?',
  'Опиши відео.',
  'Что ты видишь?',
  'Расскажи, что здесь.',
  'Какие тут фигуры?',
  'Τι βλέπεις;',
  'Τι γίνεται στην ταινία;',
  'מה אתה רואה?',
  'מה קורה בסרט?',
  'ماذا ترى؟',
  'مرحبا',
  'ویدیو را توصیف کن.',
  'आप क्या देखते हैं?',
  'नमस्ते',
  'ภาพนี้คืออะไร',
  'เกิดอะไรขึ้น',
  '你看到什么？',
  '有几个图形？',
  '这是什么颜色？',
  'これは何ですか？',
  'ビデオの内容を教えて',
  'こんにちは',
  '무엇이 보이나요?',
  '안녕하세요',
]
/** First and last code points of scripts from which random words are made. */
const SCRIPTS = [
  [0x61, 0x7a],
  [0xc0, 0x17f],
  [0x370, 0x3ff],
  [0x400, 0x45f],
  [0x5d0, 0x5ea],
  [0x620, 0x64a],
  [0x904, 0x939],
  [0xe01, 0xe2e],
  [0x3041, 0x3096],
  [0x4e00, 0x9fa5],
  [0xac00, 0xd7a3],
] as const

/** Share of questions from `unknown-questions.json`, where each is written out. */
const WRITTEN = 0.4

/** Makes questions that the demo model cannot answer. The folder has `texts.txt`, with a sentence a line that has nothing to do with shapes. */
export class UnknownQuestions {
  readonly #texts: readonly string[]
  readonly #words: readonly string[]

  constructor(folder: string) {
    const texts = readFileSync(join(folder, 'texts.txt'), 'utf8')
    this.#texts = texts.split('\n').filter(Boolean)
    const ours = new Set(wordsOf(Object.values(wordings).flat().join(' ')))
    this.#words = [...new Set(wordsOf(texts))].filter((word) => !ours.has(word))
  }

  question(random: Random): string {
    if (random.chance(WRITTEN)) return asTyped(random.pick(written), random)
    const drawn = random.next()
    if (drawn < 0.5) return asTyped(this.#filled(drawn < 0.36 ? TEMPLATES : WORD_TEMPLATES, random), random)
    if (drawn < 0.64) return random.pick(FOREIGN)
    if (drawn < 0.72) return randomWords(random)
    if (drawn < 0.84) return foreignRequest(random)
    return random.pick(this.#texts)
  }

  #filled(templates: readonly string[], random: Random): string {
    const values: Readonly<Record<string, () => string>> = {
      noun: () => random.pick(NOUNS),
      verb: () => random.pick(VERBS),
      abstract: () => random.pick(ABSTRACT),
      kind: () => random.pick(KINDS),
      language: () => random.pick(LANGUAGES),
      friend: () =>
        random.pick(['', '', ' there', ' again', ' everybody', ' my friend', ', machine', ', model', ' all', ' dear', ' mate', ' folks']),
      number: () => String(random.whole(1, 20)),
      made: () => random.pick(['made', 'recorded', 'filmed', 'owns']),
      filmed: () => random.pick(['filmed', 'made', 'recorded', 'taken']),
      word: () => random.pick(this.#words),
    }
    return random.pick(templates).replace(/\{(\w+)\}/g, (_, name: string) => values[name]?.() ?? name)
  }
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/(?<!\p{L})[a-z]{3,}(?!\p{L})/gu) ?? []
}

function randomWords(random: Random): string {
  const [first, last] = random.pick(SCRIPTS)
  const word = () => String.fromCodePoint(...Array.from({ length: random.whole(1, 7) }, () => random.whole(first, last)))
  return Array.from({ length: random.whole(1, 5) }, word).join(' ') + random.pick(['', '', '?', '.', '!'])
}

/** Words of no language around one that many languages have in common. */
function foreignRequest(random: Random): string {
  const syllable = () => random.pick([...'bdfghjklmnprstvz']) + random.pick(['a', 'e', 'i', 'o', 'u', 'ä', 'ö', 'á', 'í', 'ai', 'uu'])
  const word = () => Array.from({ length: random.whole(1, 4) }, syllable).join('') + random.pick(['', 'n', 's', 't', 'm', 'r'])
  const common = random.pick([
    'video',
    'videon',
    'videos',
    'videoa',
    'videom',
    'film',
    'filmi',
    'filme',
    'klip',
    'clip',
    'kolor',
    'forma',
    'objekt',
  ])
  const words = [...Array.from({ length: random.whole(1, 3) }, word), common, ...Array.from({ length: random.whole(0, 1) }, word)]
  const text = words.join(' ')
  return text.slice(0, 1).toUpperCase() + text.slice(1) + random.pick(['', '?', '.', '!'])
}
