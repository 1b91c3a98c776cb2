"""Short lists of function words.

`lucene` is the list of Lucene's EnglishAnalyzer (which bm25s calls "en"): 33 words, kept as it is for comparisons;
`english` has the same words today. The others are rocchio's own: the commonest articles, pronouns, prepositions,
conjunctions and auxiliaries. They are short on purpose: BM25 weighs frequent words low anyway, and a query may be
made of them ("to be or not to be").
"""

from __future__ import annotations

from typing import Final

_LISTS: Final[dict[str, str]] = {
    "lucene": """
        a an and are as at be but by for if in into is it no not of on or such that the their then there
        these they this to was will with
    """,
    "german": """
        aber als am an auch auf aus bei bin bis das dass dem den der des die durch ein eine einem einen
        einer eines er es für hat ich ihr im in ist kein mit nach nicht noch nur oder sein sich sie sind so
        um und uns von vor war was wenn werden wie wir wird zu zum zur über
    """,
    "french": """
        au aux avec ce ces cette comme d dans de des du elle en est et eux il ils je l la le les leur lui
        mais me ne nous on ou où par pas plus pour qu que qui s sa se ses si son sont sur un une vous y à
        été
    """,
    "spanish": """
        a al como con de del desde e el ella ellos en entre era es esta este esto ha hay la las le les lo
        los me mi más no nos o para pero por que qué se ser si sin sobre son su sus también un una uno y ya
    """,
    "italian": """
        a ad ai al alla alle anche che chi ci come con da dal dalla dei del della delle di e ed era gli ha i
        il in io l la le lo loro ma mi nel nella non o per più quella questo se si sono su sul tra un una è
    """,
    "portuguese": """
        a ao aos as até com como da das de do dos e ela ele em entre era essa esse esta este eu foi há isso
        já lhe mais mas me na nas no nos não o os ou para pela pelo por que se sem ser seu sua são só também
        um uma à
    """,
    "dutch": """
        aan al als bij dan dat de der deze die dit door een en er had heb heeft het hij hoe ik in is je kan
        maar met mij naar niet nog nu of om onder ook op over te toch tot uit van voor was wat we wel werd
        wij wordt zal ze zich zij zijn zo
    """,
    "swedish": """
        alla att av blev de dem den denna det detta dig du där efter eller en er ett från för ha hade han
        har hon hur i inte jag kan man med men mig min mot nu när och om oss på sig sin ska som så till
        under upp ut var vi vid är över
    """,
    "norwegian": """
        alle at av ble da de dem den denne der det dette du eller en er et etter for fra ha hadde han har
        hun hva hvor i ikke jeg kan man med meg men mot nå når og også om opp oss over på seg sin skal som
        så til under ut var ved vi vil å
    """,
    "danish": """
        af alle at blev da de dem den denne der det dette dig din du efter eller en er et for fra ham han
        har havde hun hvad hvor i ikke jeg kan man med men mig mod nu når og også om op os over på sig sin
        skal som så til ud under var ved vi vil
    """,
    "finnish": """
        ei eli en et että han he hän ja jo joita joka jos jotka kanssa koska kuin kun me mikä minä mitä
        mukaan mutta myös ne niin niitä nyt ole oli olla on ovat se sekä sen siitä sinä sitä tai te tämä
        vaan vai vain voi
    """,
    "russian": """
        а без бы был была были было быть в вы где для до его ее если есть же за и из или им их к как ко
        когда который ли мы на не него нет но ну о об он она они от по под при с со так там то только ты у
        уже что чтобы эта это этот я
    """,
}

STOP_LISTS: Final[dict[str, frozenset[str]]] = {name: frozenset(words.split()) for name, words in _LISTS.items()}
"""Name -> words, lower-case."""
STOP_LISTS["english"] = STOP_LISTS["lucene"]

ELISIONS: Final[dict[str, frozenset[str]]] = {
    "french": frozenset(["c", "d", "j", "jusqu", "l", "lorsqu", "m", "n", "puisqu", "qu", "quoiqu", "s", "t"]),
    "italian": frozenset(
        [
            "agl",
            "all",
            "c",
            "coll",
            "d",
            "dagl",
            "dall",
            "degl",
            "dell",
            "gl",
            "l",
            "m",
            "negl",
            "nell",
            "quell",
            "s",
            "sugl",
            "sull",
            "t",
            "un",
            "v",
        ]
    ),
    "catalan": frozenset(["d", "l", "m", "n", "s", "t"]),
}
"""Language -> what an apostrophe ties to the next word."""

__all__ = ["ELISIONS", "STOP_LISTS"]
