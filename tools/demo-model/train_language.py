"""Second stage: trains the language model on the tower's rows. `train_language.py TOWER OUT --pictures FOLDER --minutes M`

TOWER and --resume may both be checkpoint.safetensors, the state behind resources/models/demo. The tower is read again whenever its file
changes, so the first stage may still be running. Besides the text, small auxiliary heads, which are dropped at export, are trained on each visual
token's hidden states: after the first layer its object's place in the image, after the second the change since the previous frame and, in clips of many frames,
since four frames before, after the third its current and its first motion. A fourth head is trained on the question's last token after the third layer: which object is meant, by
color, shape and place, so that the fourth layer knows what to look for. A fifth head is trained on the last tokens of a choice's options after the fifth
layer: which one is right, and which letter it has. Without it, and the target for the sixth layer's first head, which must look from the letter's place at the right option,
the letter stayed at chance for 800 steps while the right option was found in .92. A seventh head reads the number of the current motion and of the frame from the visual
tokens after the fourth layer, and the fifth layer's first head must look at the tokens that show the motion which an answer is about to name. An eighth
head reads the time that an answer is about to give, after the fifth layer. A ninth reads after the third layer whether a motion has just begun (`phases.py`). An eleventh
reads from the question's last token after the third layer what it asks for: answers tell it badly, since a clip with one motion has the same first, last and only one.
Under `torchrun` gradients are averaged between the processes.
"""

import argparse
import os
import random
import re
import time
from pathlib import Path

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn

from batches import batches
from language import HEAD, WIDTH, Language, rotary, turn
from optimizer import Schedule, load, save
from phases import LONG_TOKENS, MOTIONS, PHASES, beginnings_looks, phase_heads, phase_loss
from tokenizer import SYSTEM, the_tokenizer
from tower import Tower

# Scales the changes of x, y, size and angle to about the same variance.
CHANGES = torch.tensor([5.0, 5.0, 10.0, 1.5])
SETS = 6
# Sets of a short clip, each with many questions.
SHORT_SETS = 3
IGNORED = -100
COLORS, SHAPES, LETTERS = 8, 5, 4
# Kinds of questions: as in dialogues.ts.
KINDS = 20
# Parts of a phase that an answer needs: as in clip-stream.ts.
START, END = 1, 2
# Answers whose looks are trained in a step.
MAX_LOOKS = 256
# Characters of "About 45%" before the sign.
TIME = 8
# A description has many tokens that mostly follow from each other; the few tokens of an answer matter more.
QUESTION_WEIGHT = 3.0
LETTER_WEIGHT = 2.0
LOOKS_WEIGHT = 0.4
# Visual tokens of a batch whose attention to the beginnings of motions is trained.
MAX_QUERIES = 256
BEGINNINGS_WEIGHT = 0.15
# A description that leaves out a motion differs in the tokens that name motions, or say that there is another.
MOTION_WEIGHT = 2.5


class Prompter:
    """Converts dialogues to token ids as the chat template renders them."""

    def __init__(self, tokenizer):
        ids = lambda text: tokenizer.encode(text).ids
        self.ids, self.tokenizer = ids, tokenizer
        self.before = ids(f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n<|vision_start|>")
        self.after = ids("<|vision_end|>")
        self.asked, self.ended, self.again = ids("<|im_end|>\n<|im_start|>assistant\n"), ids("<|im_end|>"), ids("\n<|im_start|>user\n")

    def branch(self, dialogue):
        """Tokens and targets (the next token of answers, else IGNORED) of one dialogue after the clip, which objects are asked for at which tokens, and the
        last tokens of a choice's options with the right one's place and the token before its letter, and the last token and kind of each question."""
        tokens, answers, sought, choices, looks, kinds = [], [], [], [], [], []
        for turn, (question, answer, about, prefix, option, seen, kind) in enumerate(dialogue):
            asked = (self.again if turn else []) + self.ids(question) + self.asked + self.ids(prefix)
            said = self.ids(answer) + self.ended
            kinds.append((len(tokens) + len(asked) - 1, kind))
            if about >= 0:
                sought.append((len(tokens) + len(asked) - 1, about))
            # A slip of typing may have removed the end of a line.
            if option >= 0 and question.count("\n") == LETTERS:
                before = len(tokens) + (len(self.again) if turn else 0)
                asks, *ends = (before + end for end in self.line_ends(question))
                sought.append((asks, about))
                choices.append((ends, option, len(tokens) + len(asked) - 1))
            if seen:
                looks += [(len(tokens) + len(asked) - 1 + at, *what) for at, what in self.looks(answer, seen)]
            tokens += asked + said
            answers += [False] * len(asked) + [True] * len(said)
        return tokens, [token if answer else IGNORED for token, answer in zip(tokens[1:], answers[1:])] + [IGNORED], sought, choices, looks, kinds

    def looks(self, answer, seen):
        """Which token of an answer, counted from the one before it, must look for which part of which phase: in front of and within a motion's words for its
        own, and after them for the object's next one, to say whether there is one. Where the answer is a time, also gives it as a share of the clip."""
        offsets = self.tokenizer.encode(answer).offsets
        for number, (at, about, phase, part) in enumerate(seen):
            if part:
                percent = re.search(r"(\d+)%", answer)
                share = int(percent[1]) / 100 if percent else float(part == END)
                yield from ((i, (about, phase, part, share)) for i, (start, _) in enumerate(offsets) if start < TIME)
                continue
            first = next(i for i, (_, end) in enumerate(offsets) if end > at)
            end = re.compile(r" and then|\.").search(answer, at).start()
            follows = number + 1 < len(seen) and answer[end] == " "
            after = next(i for i, (_, stop) in enumerate(offsets) if stop > end)
            yield from ((i, (about, phase, part, 0.0)) for i in range(first, after))
            yield after, (about, phase + follows, part, 0.0)

    def line_ends(self, text):
        """Numbers of the tokens with which the lines of a text end."""
        ends = [match.start() for match in re.finditer(r"\n|$", text)]
        offsets = self.tokenizer.encode(text).offsets
        return [next(i for i, (_, end) in enumerate(offsets) if end >= line) for line in ends]


def collate(prompter, sets, frames, rows, columns):
    """Token ids [n, tokens] (-1 for visual rows), positions [3, n, tokens], number of tokens before the dialogues, mask [n, 1, dialogues, tokens] and
    targets of a batch of dialogue sets.

    The dialogues of a clip follow its visual rows and do not see each other. Also returns the weight of each target, and for every requested object its
    sample, the token after which it must be found, and its number, for every choice its sample, its options' last tokens, the right option, and the token
    before its letter, and for every question its sample, its last token and its kind.
    """
    before, after, visual = len(prompter.before), len(prompter.after), frames * rows * columns
    prefix = before + visual + after
    branches = [[prompter.branch(dialogue) for dialogue in dialogues] for dialogues in sets]
    n, count = len(sets), prefix + max(sum(len(branch[0]) for branch in sample) for sample in branches)
    ids = torch.zeros(n, count, dtype=torch.long)
    targets = torch.full((n, count), IGNORED)
    owner = torch.full((n, count), -1)
    positions = torch.zeros(3, n, count, dtype=torch.long)
    ids[:, :before] = torch.tensor(prompter.before)
    ids[:, before : before + visual] = -1
    ids[:, before + visual : prefix] = torch.tensor(prompter.after)
    owner[:, :prefix] = 0
    positions[:, :, :before] = torch.arange(before)
    t, h, w = torch.meshgrid(torch.arange(frames), torch.arange(rows), torch.arange(columns), indexing="ij")
    positions[:, :, before : before + visual] = before + torch.stack([t.flatten(), h.flatten(), w.flatten()])[:, None]
    following = before + max(frames, rows, columns)
    positions[:, :, before + visual : prefix] = following + torch.arange(after)
    sought, choices, looks, kinds = [], [], [], []
    for sample, own in enumerate(branches):
        at = prefix
        for number, (tokens, wanted, found, chosen, looked, asks) in enumerate(own):
            end = at + len(tokens)
            owner[sample, at:end] = number + 1
            positions[:, sample, at:end] = following + after + torch.arange(len(tokens))
            sought += [(sample, at + token, which) for token, which in found]
            choices += [(sample, [at + last for last in ends], right, at + letter) for ends, right, letter in chosen]
            looks += [(sample, at + token, *what) for token, *what in looked]
            kinds += [(sample, at + token, kind) for token, kind in asks]
            ids[sample, at:end] = torch.tensor(tokens)
            targets[sample, at:end] = torch.tensor(wanted)
            at = end
    order = torch.arange(count)
    weights = torch.where(owner == 1, 1.0, QUESTION_WEIGHT)
    for sample, _, _, letter in choices:
        weights[sample, letter] *= LETTER_WEIGHT
    for sample, token, _, _, part, _ in looks:
        if not part and weights[sample, token] == 1:
            weights[sample, token] = MOTION_WEIGHT
    mask = (order[prefix:, None] >= order) & ((owner[:, None] == 0) | (owner[:, prefix:, None] == owner[:, None]))
    return ids, positions, prefix, mask[:, None], targets, slice(before, before + visual), weights, sought, choices, looks, kinds


def looked_for(phase, frames, looks):
    """Which visual tokens [looks, tokens] show the part of the phase that each look is for; `phase` [n, tokens] as in clip-stream.ts."""
    samples, _, objects, numbers, parts, _ = (torch.tensor(column) for column in zip(*looks))
    shown = phase[samples] == (PHASES * objects + numbers)[:, None]
    frame = torch.arange(phase.shape[1]) // (phase.shape[1] // frames)
    first = torch.where(shown, frame, frames).min(1).values
    last = torch.where(shown, frame, -1).max(1).values
    shown &= (parts != START)[:, None] | (frame <= first[:, None] + 1)
    return shown & ((parts != END)[:, None] | (frame >= last[:, None] - 1))


def attention_scores(layer, hidden, positions, prefix, mask, samples, tokens):
    """Attention scores [tokens, all tokens] of a layer's first head, for some tokens of some samples after the clip; `hidden` is the layer's input."""
    cos, sin = (part[:, 0] for part in rotary(positions))
    normed = layer.input_layernorm(hidden)
    key = turn(layer.k_proj(normed), cos, sin)
    query = turn(layer.q_proj(normed[:, prefix:])[..., :HEAD], cos[:, prefix:], sin[:, prefix:])
    after = [token - prefix for token in tokens]
    scores = (query @ key.transpose(1, 2))[samples, after]
    return scores.div(HEAD**0.5).masked_fill(~mask[samples, 0, after], -torch.inf)


class Pool:
    """Batches of clips of a kind, each encoded once and asked about in as many steps as it has sets of dialogues."""

    def __init__(self, kind, seed, tokens, sets, options):
        self.name, self.sets, self.size = "" if kind == "mixed" else f"{kind} ", sets, options.pool
        self.kept, self.stream = [], batches("clip-stream.ts", kind, seed, tokens, sets, options.pictures, ahead=2)

    def fill(self, step, tower):
        """Encodes a further batch where one is due: as often as one is used up, until there are enough."""
        if len(self.kept) < (2 if step % self.sets else self.size):
            batch = next(self.stream)
            with torch.no_grad():
                batch["visual"] = tower(batch.pop("pixels"))
            self.kept.append(batch | {"used": 0})

    def next(self, place):
        """A batch with a set of dialogues for each of its clips. `place` from 0 to 1 says which one, in the order of their numbers of clips."""
        self.kept.sort(key=lambda batch: len(batch["dialogues"]))
        batch = self.kept[int(place * len(self.kept))]
        sets = [dialogues[batch["used"]] for dialogues in batch["dialogues"]]
        batch["used"] += 1
        if batch["used"] == self.sets:
            self.kept = [kept for kept in self.kept if kept is not batch]
        return batch, sets


def some_long(batch):
    """Returns as many random clips of a batch of `phases.py` as have LONG_TOKENS visual tokens, at least one."""
    chosen = torch.randperm(len(batch["phase"]))[: max(1, LONG_TOKENS // batch["phase"].shape[1])].tolist()
    clips = {key: batch[key] for key in ("frames", "rows", "columns")}
    clips |= {key: [batch[key][i] for i in chosen] for key in ("dialogues", "objects")}
    return clips | {key: batch[key][chosen] for key in ("current", "first", "phase")} | {key: batch[key][chosen].float() for key in ("visual", "places")}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tower", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--pictures", type=Path, required=True, help="pictures and texts that have nothing to do with shapes")
    parser.add_argument("--minutes", type=float, default=45)
    parser.add_argument("--tokens", type=int, default=1200, help="visual tokens of a batch")
    parser.add_argument("--pool", type=int, default=24, help="batches of rows that are kept to be asked about again")
    parser.add_argument("--resume", type=Path)
    parser.add_argument("--freeze", type=int, default=0, help="number of first layers that stay as they are")
    parser.add_argument("--muon", type=float, default=0.02)
    parser.add_argument("--flat", type=float, default=0.4)
    parser.add_argument("--long", type=Path, nargs="*", default=[], help="rows of long clips that phases.py has computed")
    parser.add_argument("--short", type=int, default=0, help="visual tokens of a further batch of short clips with many single questions; none if 0")
    parser.add_argument("--bf16", action="store_true", help="for processors with units for it: products of 16-bit values, sums and weights of 32 bits")
    options = parser.parse_args()
    together = "WORLD_SIZE" in os.environ
    if together:
        dist.init_process_group("gloo")
    rank = dist.get_rank() if together else 0
    seed = 100 + rank if options.resume is None else 1000 + rank + int(time.time()) % 100000
    torch.manual_seed(1)
    random.seed(seed)
    together_random = random.Random(1)
    tokenizer = the_tokenizer()
    prompter = Prompter(tokenizer)
    language, head2, head3 = Language(tokenizer.get_vocab_size()), nn.Linear(WIDTH, 4), nn.Linear(WIDTH, 2 * MOTIONS)
    head1 = nn.Linear(WIDTH, 2)
    head4, head5, head6 = nn.Linear(WIDTH, COLORS + SHAPES + 2), nn.Linear(WIDTH, 1), nn.Linear(WIDTH, LETTERS)
    head8, head10, head11 = nn.Linear(WIDTH, 1), nn.Linear(WIDTH, 4), nn.Linear(WIDTH, KINDS)
    nn.init.zeros_(head8.weight)
    heads = nn.ModuleDict({"head1": head1, "head2": head2, "head3": head3, "head4": head4, "head5": head5, "head6": head6, "head8": head8, "head10": head10, "head11": head11} | phase_heads())
    if options.resume:
        state = load(options.resume)
        language.load_state_dict(state["language"])
        heads.load_state_dict(state["heads"], strict=False)
    for layer in language.layers[: options.freeze]:
        layer.requires_grad_(False)
    schedule = Schedule([language, heads], options.minutes, muon=options.muon, adam=options.muon / 5, flat=options.flat, bf16=options.bf16)
    tower, read = Tower(), 0.0
    pools = [Pool("mixed", seed, options.tokens, SETS, options)]
    if options.short:
        pools.append(Pool("short", seed + 50, options.short, SHORT_SETS, options))
    long = [kept for path in options.long for kept in torch.load(path)][rank :: dist.get_world_size() if together else 1]

    def train(batch, sets):
        """Adds the gradients of a batch's loss for one dialogue set a clip, and returns what is measured by the way."""
        ids, positions, prefix, mask, targets, visual, weights, sought, choices, looks, kinds = collate(prompter, sets, batch["frames"], batch["rows"], batch["columns"])
        n = len(sets)
        x = language.embed_tokens(ids.clamp(min=0))
        x = torch.cat([x[:, : visual.start], batch["visual"].reshape(n, -1, WIDTH), x[:, visual.stop :]], 1)
        with torch.autocast("cpu", torch.bfloat16, enabled=options.bf16):
            after, hidden = language(x, positions, prefix, mask, options.freeze)
        said_here = targets != IGNORED
        logits, wanted = language.logits(hidden[said_here]), targets[said_here]
        weight = weights[said_here]
        loss = text = (F.cross_entropy(logits, wanted, reduction="none") * weight).sum() / weight.sum()
        current, first, places = batch["current"].long(), batch["first"].long(), batch["places"]
        known, begun, there, followed, spanned = current >= 0, first >= 0, places[..., 0] > 0, places[..., 3] > 0, places[..., 8] > 0
        samples, tokens, kinds = zip(*kinds)
        kind, kinds = head11(after[2][list(samples), list(tokens)]), torch.tensor(kinds)
        loss = loss + 0.5 * F.cross_entropy(kind, kinds)
        measures = {"kind": (kind.argmax(-1) == kinds).float().mean()}
        if sought:
            samples, tokens, numbers = zip(*sought)
            truth = torch.tensor([batch["objects"][sample][number] for sample, number in zip(samples, numbers)])
            color, shape, place = head4(after[2][list(samples), list(tokens)]).split([COLORS, SHAPES, 2], -1)
            which = F.cross_entropy(color, truth[:, 0].long()) + F.cross_entropy(shape, truth[:, 1].long())
            loss = loss + 0.3 * which + F.smooth_l1_loss(place, truth[:, 2:], beta=0.1)
            right = (color.argmax(-1) == truth[:, 0]) & (shape.argmax(-1) == truth[:, 1])
            measures["found"] = right.float().mean()
        if choices:
            samples, ends, right, letters = zip(*choices)
            samples, right = torch.tensor(samples), torch.tensor(right)
            ended = after[4][samples[:, None], torch.tensor(ends)]
            score, own = head5(ended)[..., 0], head6(ended)
            loss = loss + 0.5 * F.cross_entropy(score, right) + 0.3 * F.cross_entropy(own.flatten(0, 1), torch.arange(LETTERS).repeat(len(right)))
            measures["option"] = (score.argmax(-1) == right).float().mean()
            loss = loss + 0.3 * F.cross_entropy(attention_scores(language.layers[5], after[4], positions, prefix, mask, samples, list(letters)), torch.tensor(ends)[range(len(right)), right])
            letter = language.logits(hidden[samples, list(letters)]).argmax(-1)
            measures["letter"] = (letter == targets[samples, list(letters)]).float().mean()
        if looks:
            looks = random.sample(looks, min(len(looks), MAX_LOOKS))
            shown = looked_for(batch["phase"], batch["frames"], looks)
            looks = [look for look, any_shown in zip(looks, shown.any(1).tolist()) if any_shown]
            shown = shown[shown.any(1)]
        if looks:
            samples, tokens = [list(column) for column in zip(*looks)][:2]
            part = attention_scores(language.layers[4], after[3], positions, prefix, mask, samples, tokens).softmax(-1)
            part = (part[:, visual] * shown).sum(-1)
            loss = loss - LOOKS_WEIGHT * part.clamp(min=1e-4).log().mean()
            measures["look"] = part.mean()
            timed = torch.tensor([part > 0 for *_, part, _ in looks])
            if timed.any():
                share = head8(F.layer_norm(after[4][samples, tokens][timed], [WIDTH]))[:, 0]
                loss = loss + F.smooth_l1_loss(share, torch.tensor([look[-1] for look in looks])[timed], beta=0.05)
                measures["-share"] = (share - torch.tensor([look[-1] for look in looks])[timed]).abs().mean()
        if known.any() and begun.any():
            place = F.smooth_l1_loss(head1(after[0][:, visual][there]), places[there][:, 1:3], beta=0.2)
            change = F.smooth_l1_loss(head2(after[1][:, visual][followed]), places[followed][:, 4:8] * CHANGES, beta=0.2)
            if spanned.any():
                span = F.smooth_l1_loss(head10(after[1][:, visual][spanned]), places[spanned][:, 9:] * CHANGES, beta=0.2)
                loss = loss + span
                measures["-span"] = span
            more, right = phase_loss(batch["phase"].long(), batch["frames"], known, after, visual, heads)
            loss = loss + more
            own = batch["phase"].long()[known] % PHASES
            measures |= {f"phase{number}": right[own == number].mean() for number in own.unique().tolist()}
            later = (known & (batch["phase"] % PHASES > 0)).nonzero()
            if len(later):
                queries = later[torch.randperm(len(later))[:MAX_QUERIES]]
                turns = rotary(positions)
                missed, begins = beginnings_looks(language.layers[3], after[2], turns, visual, batch["phase"].long(), batch["frames"], queries)
                loss = loss + BEGINNINGS_WEIGHT * missed
                measures["begins"] = begins
            now3 = head3(after[2][:, visual])
            loss = loss + 0.5 * place + change
            loss = loss + 0.3 * F.cross_entropy(now3[known][:, :MOTIONS], current[known]) + 0.3 * F.cross_entropy(now3[begun][:, MOTIONS:], first[begun])
            measures |= {
                "-place": place,
                "-change": change,
                "now": (now3[known][:, :MOTIONS].argmax(-1) == current[known]).float().mean(),
                "first": (now3[begun][:, MOTIONS:].argmax(-1) == first[begun]).float().mean(),
            }
        loss.backward()
        return measures | {"text": text.detach(), "token": (logits.argmax(-1) == wanted).float().mean()}

    seen, said = {}, time.time()
    while True:
        changed = options.tower.stat().st_mtime
        if changed != read:
            tower.load_state_dict(load(options.tower)["tower"])
            read = changed
        measures = {}
        for pool in pools:
            pool.fill(schedule.steps, tower)
            # The processes choose batches of about the same size, because they wait for each other.
            measures |= {f"{pool.name}{key}": value for key, value in train(*pool.next(together_random.random())).items()}
        if long:
            clips = some_long(random.choice(long))
            long_measures = train(clips, [sets[0] for sets in clips["dialogues"]])
            measures |= {f"long {key}": value for key, value in long_measures.items()}
        if together:
            for p in schedule.parameters:
                if p.grad is None:
                    p.grad = torch.zeros_like(p)
            flat = torch.cat([p.grad.flatten() for p in schedule.parameters])
            dist.all_reduce(flat)
            flat /= dist.get_world_size()
            for p, grad in zip(schedule.parameters, flat.split([p.numel() for p in schedule.parameters])):
                p.grad.copy_(grad.view_as(p))
        schedule.step()
        for name, value in measures.items():
            seen[name] = 0.98 * seen.get(name, value.item()) + 0.02 * value.item()
        done = torch.tensor(float(schedule.part() >= 1))
        if together:
            dist.all_reduce(done, dist.ReduceOp.MAX)
        if time.time() - said > 20 or done > 0:
            said = time.time()
            if rank == 0:
                print(schedule.steps, f"{schedule.part():.2f}", " ".join(f"{k} {v:.3f}" for k, v in seen.items()), flush=True)
                state = {"language": language.state_dict(), "heads": heads.state_dict(), "tower": tower.state_dict(), "steps": schedule.steps}
                save(state, options.out)
        if done > 0:
            return


if __name__ == "__main__":
    main()
