"""What happens between an invented parcel shop and one of its customers in two years.

Every customer has a mood, a number between 0 and 1 that the log never shows. What happens moves the
mood, and the mood decides what the customer does next: buy again, complain, recommend, stop, leave.
Nothing here knows of trust curves, so the ratings that come from the mood are a fair test of one.
"""

from __future__ import annotations

from datetime import date, timedelta

from world import CAMPAIGNS, CARRIERS, DAY, KINDS, PEAK_FACTOR, Carrier, Life, Row

__all__ = ["Customer"]

PLEAS = ("where is my parcel?", "this is the second time, really", "nobody answers me", "I want my money back")
PRAISE = ("quick and friendly", "as promised", "all good, thank you", "gladly again")
BLAME = ("late again", "nobody told me", "waited a whole week", "should be better, for the price")


class Customer(Life):
    """One customer's two years; ``run`` returns the rows in the order in which they happened."""

    def __init__(self, number: int, seed: int, start: date) -> None:
        """Draw who it is and who carries their parcels."""
        super().__init__(f"C{number:05d}", seed, start)
        self.kind, self.home = self.pick(KINDS), self.pick(CARRIERS)
        self.base = self.mood = self.kind.mood + 0.25 * (self.random() - 0.5)
        self.orders = self.tickets = self.pleased = 0
        self.gone = False
        self.subscribed = self.chance(0.9)

    def run(self) -> list[Row]:
        """Come some day, and live."""
        arrival = self.random()
        self.now = int(600 * arrival * arrival) * DAY + self.between(8 * 60, 18 * 60)
        self.plan(0, self.open)
        self.live()
        return self.rows

    # --- coming, talking, being written to ------------------------------------------------------

    def open(self) -> None:
        """Open an account; most order soon."""
        self.write("opened", channel="web")
        for year in range(self.start.year, self.start.year + 3):
            for day, name in CAMPAIGNS.items():
                ahead = (date(year, 1, 1) + timedelta(days=day) - self.day()).days
                if ahead > 0 and self.chance(self.kind.letters):
                    self.plan(ahead, self.campaign, name)
        self.plan(self.between(0, int(self.kind.talk_gap)), self.talk)
        self.plan(self.between(0, int(self.kind.order_gap / 4) + 1), self.order)

    def talk(self) -> None:
        """Look around; often it becomes a talk that helps both."""
        self.plan(1 + int(self.kind.talk_gap * (0.3 + 1.4 * self.random()) / (0.4 + self.mood)), self.talk)
        if self.gone:
            return
        self.write("visit", channel="web")
        if self.chance(0.3 + 0.7 * self.mood):
            self.plan(0, self.consult)

    def consult(self) -> None:
        """Get good advice."""
        self.write("consult", channel=self.one_of(("chat", "phone", "shop")))
        self.feel(0.02)

    def campaign(self, name: str) -> None:
        """Get a campaign letter; too many annoy."""
        if self.gone or not self.subscribed:
            return
        self.write("campaign", campaign=name, channel="mail")
        self.ask()
        if self.asks > 1.5 and self.chance(0.35):
            self.subscribed = False
            self.write("unsubscribed", channel="mail")

    def survey(self) -> None:
        """Get a survey."""
        if not self.gone:
            self.write("survey", channel="mail")
            self.ask()

    def ask(self) -> None:
        """Feel asked: the first time it is nothing, then it adds up."""
        self.feel(-0.05 * self.asks)
        self.asks += 1

    # --- orders ---------------------------------------------------------------------------------

    def order(self) -> None:
        """Order, or be too annoyed to; then think of the next one."""
        if self.gone:
            self.plan(30, self.order)
            return
        if self.mood < 0.3 and self.chance(0.6):
            self.plan(self.between(90, 400), self.order)
            return
        self.orders += 1
        carrier = self.home if self.chance(0.75) else self.pick(CARRIERS)
        days = self.between(2, 4)
        days += self.day(days).weekday() == 6  # nobody delivers on Sundays
        spent = 6 + 130 * self.random() * self.random()
        place = {"order": f"P{self.id[1:]}-{self.orders:02d}", "carrier": carrier.name}
        self.write(
            "order",
            **place,
            promised_on=str(self.day(days)),
            amount=f"{spent:.2f}",
            channel=self.one_of(("web", "app", "phone")),
        )
        if self.chance(self.kind.coupons):
            self.write("coupon", order=place["order"], amount=f"{spent / 10:.2f}", channel="web")
            self.feel(0.02)
        self.plan(1, self.invoice, place)
        self.ship(place, carrier, days)
        self.plan(5 + int(self.kind.order_gap * (0.4 + 1.2 * self.random()) / (0.4 + self.mood)), self.order)

    def invoice(self, place: Row) -> None:
        """Get the invoice."""
        self.write("invoiced", order=place["order"])

    def ship(self, place: Row, carrier: Carrier, days: int) -> None:
        """Decide what becomes of the parcel that is promised in so many days."""
        factor = PEAK_FACTOR if self.peak() else 1.0
        luck = self.random()
        if self.chance(0.02):
            self.plan(1, self.cancel, place)
        elif luck < carrier.lost * factor:
            self.plan(days + self.between(5, 9), self.lose, place)
        elif luck < (carrier.lost + carrier.late) * factor:
            late = 1 + int(6 * self.random() * self.random() * (1.5 if self.peak() else 1.0))
            if self.chance(0.25):
                self.plan(days - 1, self.move, place, late)
            else:
                self.plan(days + late, self.deliver, place, late)
                if late > 1 and self.chance(self.kind.complains * (1.1 - self.mood)):
                    self.plan(days + 1, self.complain, place)
        else:
            self.plan(days - (days > 2 and self.chance(0.3)), self.deliver, place, 0)

    def cancel(self, place: Row) -> None:
        """Let the shop off."""
        self.write("cancelled", order=place["order"], channel="web")

    def move(self, place: Row, late: int) -> None:
        """Agree, the day before, to a later day; now and then that one is missed too."""
        late += self.day(1 + late).weekday() == 6
        self.write("moved", order=place["order"], promised_on=str(self.day(1 + late)), channel="mail")
        self.feel(-0.02)
        missed = 2 if self.chance(0.15) else 0
        self.plan(1 + late + missed, self.deliver, place, missed)

    def deliver(self, place: Row, late: int) -> None:
        """Get the parcel, and feel how late it is."""
        self.write("delivered", **place)
        self.feel(0.05 if late == 0 else -0.08 - 0.03 * late)
        self.pleased = self.pleased + 1 if late == 0 else 0
        if self.chance(0.4 if late == 0 else 0.6):
            self.plan(self.between(2, 9), self.rate, place, late)
        if self.chance(0.06):
            self.plan(3, self.survey)
        if self.chance(self.kind.abuses):
            self.plan(self.between(4, 12), self.send_back_worn, place)
        elif self.chance(0.06):
            self.plan(self.between(3, 10), self.send_back, place)
        if late and self.chance(self.kind.complains * (1.1 - self.mood)):
            self.plan(1, self.complain, place)
        if late == 0 and self.pleased >= 3 and self.mood > 0.7 and self.chance(self.kind.recommends):
            self.plan(self.between(1, 6), self.recommend)
        self.consider_leaving()

    def lose(self, place: Row) -> None:
        """Learn that the parcel is lost; most get their money back with an apology."""
        self.write("lost", **place, comment="not found, we are sorry")
        self.feel(-0.3)
        self.pleased = 0
        self.plan(self.between(1, 5), self.rate, place, 9)
        if self.chance(0.5 if self.peak() else 0.8):
            self.plan(self.between(1, 6), self.apologise, place)
        else:
            self.plan(2, self.complain, place)
        self.consider_leaving()

    def rate(self, place: Row, late: int) -> None:
        """Give one to five stars: for the parcel, and for how one feels about the shop."""
        score = 4.6 - (0.6 + 0.25 * late if late else 0.0) + 3.0 * (self.mood - 0.6)
        score -= 0.8 * min(self.waiting, 2.0) + 0.4 * max(0.0, self.asks - 0.7)
        score += 1.6 * (self.random() + self.random() - 1.0)
        stars = max(1, min(5, int(score + 0.5)))
        words = self.one_of(PRAISE if stars > 3 else BLAME) if self.chance(0.4) else ""
        self.write("rated", order=place["order"], rating=str(stars), channel="web", comment=words)

    # --- trouble --------------------------------------------------------------------------------

    def ticket(self) -> str:
        """Open a ticket."""
        self.tickets += 1
        return f"T{self.id[1:]}-{self.tickets:02d}"

    def complain(self, place: Row) -> None:
        """Complain; some are called back, most get an apology, and in the bad season many get nothing."""
        if self.gone:
            return
        ticket, good = self.ticket(), 0.55 if self.peak() else 0.85
        self.write(
            "complaint",
            order=place["order"],
            ticket=ticket,
            channel=self.one_of(("phone", "mail")),
            comment=self.one_of(PLEAS),
        )
        self.waiting += 1
        if self.chance(0.5):
            self.write("callback", ticket=ticket, channel="phone")
            if self.chance(good):
                self.plan(0, self.call, ticket, 0.04)
            elif self.chance(0.5):
                self.plan(3, self.call, ticket, -0.03)
        if self.chance(good):
            self.plan(self.between(1, 4), self.apologise, place)
        else:
            self.plan(8, self.give_up)

    def call(self, ticket: str, change: float) -> None:
        """Get the call that was promised."""
        self.write("called", ticket=ticket, channel="phone")
        self.feel(change)

    def apologise(self, place: Row) -> None:
        """Get an apology, mostly with money for the trouble."""
        money = 5 + 20 * self.random()
        if self.chance(0.15):
            self.write("apology", order=place["order"], channel="mail")
            return
        self.write("apology", order=place["order"], amount=f"{money:.2f}", channel="mail")
        self.waiting = 0.0
        self.feel(0.08)

    def give_up(self) -> None:
        """Stop hoping for an answer."""
        self.feel(-0.15)
        self.consider_leaving()

    def send_back(self, place: Row) -> None:
        """Send the goods back; the money is promised within a week."""
        ticket = self.ticket()
        self.write("goods_back", order=place["order"], ticket=ticket)
        self.plan(self.between(2, 6) if self.chance(0.9) else self.between(8, 20), self.refund, place, ticket)

    def refund(self, place: Row, ticket: str) -> None:
        """Get the money back."""
        self.write("refunded", order=place["order"], ticket=ticket, channel="bank")
        self.feel(0.02)

    def send_back_worn(self, place: Row) -> None:
        """Use the goods, send them back as new."""
        self.write("worn_return", order=place["order"], comment="worn, sent back as new")
        self.feel(-0.04)

    # --- favours, leaving, coming back ----------------------------------------------------------

    def recommend(self) -> None:
        """Recommend the shop to a friend; the shop thanks for it, or forgets to."""
        if self.gone:
            return
        self.write("recommended", channel="app")
        if self.chance(0.65):
            self.plan(self.between(1, 6), self.thank)
        else:
            self.feel(-0.02)

    def thank(self) -> None:
        """Get thanks: a small present."""
        self.write("thanks", channel="mail")
        self.feel(0.04)

    def consider_leaving(self) -> None:
        """Close the account, if it was too much."""
        if not self.gone and self.chance(0.007 if self.mood > 0.3 else 0.25):
            self.plan(self.between(0, 5), self.leave)

    def leave(self) -> None:
        """Close the account; some come back after months."""
        if self.gone:
            return
        self.gone = True
        self.write("closed", channel="web")
        if self.chance(0.25):
            self.plan(self.between(60, 300), self.come_back)

    def come_back(self) -> None:
        """Open the account again, a little calmer."""
        self.gone = False
        self.write("reopened", channel="web")
        self.feel(0.15)
