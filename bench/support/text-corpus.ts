/**
 * A mixed corpus of texts as gateways see them, the same on every run: one-time codes and notices in the default
 * alphabet, longer ones with extension characters, and UCS-2 from Cyrillic to emoji.
 */

import { seededRandom } from "../../test/support/seeded-random.ts";

/** How much of the corpus a kind of text makes, and how it is written. */
interface TextKind {
  readonly share: number;
  readonly words: readonly string[];
  readonly length: readonly [least: number, greatest: number];
}

const english =
  "your code is do not share it with anyone order has shipped and will arrive on Monday please reply STOP to end thank you for travelling with us see terms at".split(
    " ",
  );
const european =
  "Ihr Paket wird heute zugestellt Größe geändert à bientôt où ça señor mañana £ € [A] {b} ~".split(" ");
const cyrillic =
  "ваш код подтверждения никому не сообщайте его заказ отправлен и прибудет в понедельник".split(" ");
const arabic = "رمز التحقق الخاص بك هو لا تشاركه مع أي شخص تم شحن الطلب".split(" ");
const emoji = "congratulations 🎉 your table is ready 🍽️ see you soon 👨‍👩‍👧‍👦 thanks 👍🏽 bye".split(" ");

const KINDS: readonly TextKind[] = [
  { share: 0.5, words: english, length: [40, 155] },
  { share: 0.15, words: english, length: [200, 600] },
  { share: 0.1, words: european, length: [40, 300] },
  { share: 0.15, words: cyrillic, length: [30, 200] },
  { share: 0.05, words: arabic, length: [30, 150] },
  { share: 0.05, words: emoji, length: [40, 250] },
];

/** `count` texts in the shares of the kinds, in a fixed mixed order. */
export function textCorpus(count: number): readonly string[] {
  const random = seededRandom(20_260_101);
  return Array.from({ length: count }, () => writeText(kindAt(random()), random));
}

function kindAt(position: number): TextKind {
  let left = position;
  for (const kind of KINDS) {
    left -= kind.share;
    if (left < 0) return kind;
  }
  return KINDS[0] as TextKind;
}

function writeText(kind: TextKind, random: () => number): string {
  const [least, greatest] = kind.length;
  const length = least + Math.floor(random() * (greatest - least));
  const words: string[] = [String(100_000 + Math.floor(random() * 900_000))];
  for (let used = 6; used < length; ) {
    const word = kind.words[Math.floor(random() * kind.words.length)] ?? "";
    words.push(word);
    used += word.length + 1;
  }
  return words.join(" ");
}
