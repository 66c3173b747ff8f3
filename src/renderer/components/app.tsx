import mark from '../tarsier.svg'
import { Command } from './command.tsx'
import { ThemeChoice } from './theme-choice.tsx'

export function App() {
  return (
    <main className="page">
      <header className="top">
        <span className="place">{window.tarsier ? 'On this machine, offline' : 'In a browser'}</span>
        <ThemeChoice />
      </header>
      <section className="hero">
        <img src={mark} alt="" width="88" height="88" />
        <h1>Tarsier Desktop</h1>
        <p className="lead">A clip goes in, its description comes out. The model runs on your own machine, and no frame leaves it.</p>
      </section>
      <section className="card" aria-labelledby="today">
        <h2 id="today">This window comes with a later release</h2>
        <p>It will take clips you drop here, describe them and answer questions. The engine behind it is ready today, in a terminal:</p>
        <Command line="npm start -- my-clip.mp4" says="describes the clip" />
        <Command line="npx tarsier chat my-clip.mp4" says="answers questions about it" />
        <Command line="npx tarsier doctor" says="tells what this machine can do" />
      </section>
      <section className="card note" aria-labelledby="demo">
        <h2 id="demo">Demo model: moving shapes only</h2>
        <p>
          The model that comes with the program is small. It names the colours, shapes and motions of drawn figures and knows nothing else;
          the README shows how to get a real one.
        </p>
      </section>
    </main>
  )
}
