"""Writes test/fixtures/bench/captions.json: generated captions with the words and the CIDEr that pycocoevalcap computes.

    python -m venv venv && venv/bin/pip install pycocoevalcap==1.2     (its tokenizer needs Java)
    venv/bin/python tools/reference/caption_cider.py
    venv/bin/python tools/reference/caption_cider.py --annotations MSVD-Caption-test.jsonl

With --annotations nothing is written: the first reference of every line counts as the caption and the others as its
references, and the score is printed, to compare with `npx tsx tools/reference/caption-cider.ts FILE`.
"""

import argparse
import json
import random
from pathlib import Path

from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

TARGET = Path(__file__).parents[2] / "test/fixtures/bench/captions.json"

WHO = ["a man", "the woman", "two boys", "a small dog", "an old man's cat", "the girls' team", "dr. lee", "mr. and mrs. brown", "a 3-year-old child",
       "somebody", "the café's owner", "they", "a t-shirt seller", "St. Nicholas", "the U.S. team", "a señor", "nobody"]
DOES = ["rides a bike", "isn't looking", "can't find the key", "won't stop", "is gonna jump", "plays rock'n'roll", "cuts 1/2 of an onion", "runs 10km",
        "peels a potato", "doesn't like it", "is well-known", "cannot swim", "drinks o'clock tea", "gives a high-five", "writes “hello”", "says: 'go!'",
        "looks left/right", "wanna-be dances", "pours 1,000 ml of water", "y'all sings", "they've seen", "it'll work", "is slicing a tomato"]
WHERE = ["in the street", "on a table (made of wood)", "at 10:30 a.m.", "near www.example.org", "for $5.50", "— quickly —", "in the '90s", "at 50%",
         "on the 2nd floor", "with 3-4 friends", "[indoors]", "& outdoors", "in front of the house...", "at home; again", "by the x-ray no. 5",
         "with a #tag", "& his friend's friend", "twenty-one times", "in the naïve way", "on jan. 5", "😀", "-- alone", "under 20°", "again?!", "etc."]
END = [".", "", "!", " .", "..", "?", "!!", " :)", ";"]

# Special cases of the tokenizer, one per line.
HARD = """
it's it’s its' the dogs' bones, the dog's bone; boys' and girls'
i'm i've i'll i'd he's they're shouldn't ain't can't won't shan't mustn't wouldn't've
cannot gonna gotta lemme gimme wanna cannot's gonna. gotta, wanna-be more'n 'tis 'twas 'til 'em 'cause
ma'am ne'er c'mon o'clock o'neill l'été qu'il y'all rock'n'roll rock 'n' roll li'l ol' d'you nor'easter
"quoted" 'single' ``back'' `tick' “curly” ‘sc’ «fr» ‹fr› „de“
a man (in black) sits [here] and {there} dog(s) (s)
a man... walks… away .... ok . . . done .. ..........
dash — en – double -- triple --- single - end- -start a-b a--b x—y ------
3,000 3.5 1/2 $5 50% 10:30 1990s 2nd 1,5 .5 5. 3x4 #1 £5 €6 5¢ ½ 1½ 3-4 '90s '05 5'6" 1.5-inch 5:30pm -5 +5 5+5
555-1234 (555) 555-1234 1-800-555-1234 2020-12-25 12/25/2020 1 1/2 0.5kg 100m
http://www.example.com/foo?x=1 www.foo.com foo.com me@x.org @user #tag @ab-c (http://a.bc)
:) :( ;) :-) :d :p =) 8) ^_^ <3 :/ a:d word:pp
mr. smith and dr. jones went to st. louis u.s. u.s.a. e.g. i.e. etc. a.m. p.m. vs. no. 5 no. jr. inc. co. ave. sat. fig. 2 ph.d. vitamin a. c. dog., cat.; 2.5mm-thick no.-x << me@x.org, a
and/or he/she 24/7 km/h w/o w/ a/b/c/d a-b/c-d
& at&t r&b &amp; &lt; &gt; &quot;a&quot; don&apos;t &nbsp; &#39; &mdash; &copy;
hello,world hello.world end.start a,b a;b a:b no!yes a?b 5.and well-known.fact
what?! huh?? wow!!! yes! ?!?
t-shirt state-of-the-art u.s.-based anti-u.s. x_y _x x_ __ a-'b
<b>bold</b> <error> a < b > c <video> <a href="x"> <br/>
café naïve señor 日本語 русский привет, été's é/é x² 5² 90° × ÷ © ™ § • → ★ ♥ 😀 a😀b ❤️ 👍🏽 x‐y soft­hyphen
c++ c# a+b a*b ** = ~5 | \\ ^ %
""".strip().splitlines()


def captions(random_: random.Random):
    def one(who: str, does: str) -> str:
        text = f"{who} {does} {random_.choice(WHERE)}{random_.choice(END)}"
        return text.capitalize() if random_.random() < 0.5 else text

    for _ in range(120):
        who, does = random_.choice(WHO), random_.choice(DOES)
        others = [one(who if random_.random() < 0.7 else random_.choice(WHO), does if random_.random() < 0.7 else random_.choice(DOES))
                  for _ in range(random_.randint(1, 4))]
        yield {"candidate": one(who, does), "references": others}


def evaluate(pairs: list[dict]):
    tokenizer = PTBTokenizer()
    as_captions = lambda texts: [{"caption": text.lower()} for text in texts]  # noqa: E731
    references = tokenizer.tokenize({i: as_captions(pair["references"]) for i, pair in enumerate(pairs)})
    candidates = tokenizer.tokenize({i: as_captions([pair["candidate"]]) for i, pair in enumerate(pairs)})
    score, scores = Cider().compute_score(references, candidates)
    return float(score), [float(value) for value in scores], candidates, references


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--annotations")
    arguments = parser.parse_args()
    if arguments.annotations:
        lines = [json.loads(line)["text"]["response"] for line in Path(arguments.annotations).read_text("utf-8").splitlines()]
        pairs = [{"candidate": first, "references": rest} for first, *rest in lines if rest]
        print(f"{len(pairs)} captions, CIDEr {evaluate(pairs)[0]!r}")
        return
    pairs = list(captions(random.Random(6)))
    score, scores, candidates, references = evaluate(pairs)
    hard = PTBTokenizer().tokenize({i: [{"caption": line.lower()}] for i, line in enumerate(HARD)})
    document = {
        "score": score,
        "pairs": [
            {**pair, "score": scores[i], "words": candidates[i][0].split(), "referenceWords": [text.split() for text in references[i]]}
            for i, pair in enumerate(pairs)
        ],
        "hard": [{"text": line, "words": hard[i][0].split()} for i, line in enumerate(HARD)],
    }
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    line = lambda value: json.dumps(value, ensure_ascii=False)  # noqa: E731
    parts = {key: value if key == "score" else "[\n" + ",\n".join(map(line, value)) + "\n]" for key, value in document.items()}
    TARGET.write_text("{\n" + ",\n".join(f'"{key}": {value}' for key, value in parts.items()) + "\n}\n", "utf-8")


if __name__ == "__main__":
    main()
