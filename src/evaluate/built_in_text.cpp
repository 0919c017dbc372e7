#include "evaluate/built_in_text.h"

namespace adze::evaluate {
namespace {

constexpr std::string_view kText = R"(The ferry left an hour late, which nobody on the quay seemed to mind. The
baker had brought two baskets of rolls down from the village, still warm, and sold them from an upturned crate while the
mate and a boy of about twelve argued over a rope. It was the last week of September. The light came low over the water
and made the far shore look closer than it was, so that strangers always asked whether one could swim it. "You can," the
mate used to say, "but only once."

Marta had been given a seat near the engine, where it was warm, and she spent the crossing with a map spread over her
knees. The map was forty years old. It showed a railway that had since been torn up, three chapels of which two were now
houses, and a lighthouse drawn much larger than it deserved. She had inherited it together with the house, a debt to
the roofer, and a dog that belonged, as far as anyone could tell, to the whole street. Her aunt had written on the back
in pencil: "Turn left where the road is wet. It is always wet."

She found the place before dark. The road was indeed wet, because a spring came out of the bank there and ran across the
stones without ever freezing, and on the other side of it stood the gate. Someone had repaired the hinge with wire. The
key was under the third flowerpot, the one place where every burglar would have looked first, and the door opened as if
it had been oiled that morning.

How rivers make bends

A river that flows over soft ground rarely stays straight for long. Wherever the current happens to run a little faster
along one bank, it carries away sand and clay from that side; on the opposite side, where the water is slow, the same
material settles. The bend grows. Water on the outside of a curve must travel farther, so it speeds up, and it cuts
deeper still. After some centuries the loop may become so wide that its two ends nearly touch. Then a single flood is
enough: the river breaks through the narrow neck, takes the shorter way, and leaves behind a crescent of still water,
which slowly fills with reeds. On old maps, parish borders often follow a river that has moved away long ago, and
therefore make turns for which there seems to be no reason.

The rate of this process depends on the slope of the valley, the size of the grains, and the plants whose roots hold the
banks together. Engineers of the nineteenth century cut through hundreds of such bends in order to shorten the way for
ships. The water then ran faster, the bed sank, and the wells of villages nearby dried up. Today, in several countries,
the old loops are being dug out again at considerable expense.

From a conversation at the repair shop

"It makes a noise when I turn it on."
"What sort of noise? A hum, a click, something like a coffee grinder?"
"More like a coffee grinder, but a polite one."
"Then it is probably the fan. Does it stop after a minute?"
"It stops when I hit it."
"People keep telling me that. Leave it here until Thursday, and please don't hit it again. If the bearing is worn, a new
one costs eleven euros; if it is the motor, I would not bother, because a used machine with a guarantee costs sixty."
"And if it is neither?"
"Then you get it back as it was, and you owe me a coffee."

Bread for two days

You need 500 grams of flour, 350 grams of water, 10 grams of salt and 3 grams of dry yeast. Mix flour, yeast and water
first, wait for twenty minutes, and only then add the salt; the dough becomes smoother that way. Fold it four times
during the next two hours. It should feel soft but not sticky. Shape a round loaf, let it rest in a floured bowl
overnight in the refrigerator, and heat the oven to 240 degrees with an iron pot inside. Bake for 30 minutes with the
lid on and for another 15 without. The loaf is done when it sounds hollow if you knock on its underside. Do not cut it
while it is hot, however good it smells.

Some figures

In 2019 the town had 18,412 inhabitants, 3 percent more than ten years before. Of these, 4,130 were younger than 18 and
3,977 were older than 65. The average household consisted of 2.1 persons. The library lent 96,500 items, the swimming
pool counted 71,208 visitors, and the buses drove 412,000 kilometres. Between 2015 and 2019 the consumption of
electricity fell from 88.4 to 81.7 gigawatt hours, mainly because the paper mill replaced two of its older machines. The
council expects that the number of schoolchildren will peak in 2026 and then decline slowly.

A short program

def longest_run(values):
    """Return the start and the length of the longest run of equal values."""
    best_start, best_length = 0, 0
    start = 0
    for i, value in enumerate(values):
        if i > 0 and value != values[i - 1]:
            start = i
        length = i - start + 1
        if length > best_length:
            best_start, best_length = start, length
    return best_start, best_length

print(longest_run([3, 3, 5, 5, 5, 1]))  # (2, 3)

for (size_t row = 0; row < rows; ++row) {
  double sum = 0;
  for (size_t column = 0; column < columns; ++column) {
    sum += matrix[row * columns + column] * vector[column];
  }
  result[row] = sum;
}

Questions and answers

Q: Why is the sky dark at night, although there are stars in every direction?
A: Because the universe has a finite age. Light from very distant stars has not had the time to reach us, and what does
arrive has been stretched to wavelengths that the eye cannot see.

Q: Which number comes next: 1, 1, 2, 3, 5, 8, 13?
A: 21. Each number is the sum of the two before it.

Q: Is it cheaper to leave the heating on while I am away for the weekend?
A: No. The warmer a house is, the more heat it loses. Turning the heating down saves energy, even if the house has to be
warmed up again afterwards.

Ein Absatz auf Deutsch

Im Winter fährt der Bus nur bis zur Mühle, weil die Straße dahinter nicht geräumt wird. Wer weiter will, geht zu Fuß
oder wartet, bis der Milchwagen kommt. Der Fahrer nimmt jeden mit, unterhält sich aber ausschließlich über das Wetter.

Un paragraphe en français

Le marché commence à sept heures, mais les habitués arrivent plus tôt, quand les caisses sont encore fermées et que l'on
peut choisir tranquillement. À midi, il ne reste que des salades fatiguées et quelques pommes que personne n'a voulues.

Minutes of the meeting of 4 March

Present: the chair, the treasurer, seven members; two members sent their apologies. The minutes of the previous meeting
were approved without changes. The treasurer reported that the account stood at 2,316.50 after payment of the insurance.
The roof of the shed needs repair before the summer; three offers were obtained, and the board was asked to accept the
second one, provided that the work can begin in April. A motion to raise the annual fee from 20 to 25 was discussed at
length and rejected by five votes to three with one abstention. Under any other business, Mr. Olsen asked that the key
to the boathouse be returned to its hook. The chair thanked everyone and closed the meeting at 9.40 p.m.

What the gardener knew

There are people who can tell you the Latin name of everything that grows in a ditch, and there are people in whose hands
things grow. The old gardener belonged to the second kind and was a little suspicious of the first. He never watered
according to a plan. He put a finger into the soil, looked at the sky, and decided. When the owners had an automatic
system installed, with sensors in every bed and a small screen in the kitchen, he said nothing, but he went on putting his
finger into the soil. In the dry summer that followed, the sensors reported a comfortable moisture everywhere, because
roots had grown around them, while the hydrangeas hung their heads. He switched the pump on by hand, at night, for nine
nights in a row. In the autumn the screen in the kitchen showed that the system had saved a fifth of the water, and
the owners showed it to all their guests. He was offered the figures too. "Very nice," he said, and asked for a longer
hose.
)";

}  // namespace

std::string_view built_in_text() { return kText; }
std::string_view built_in_text_name() { return "built-in text, edition 1"; }

}  // namespace adze::evaluate
