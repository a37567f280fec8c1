//! Dutch. A star stands for any ending.

use super::Language;

pub(super) const DUTCH: Language = Language {
    lists: &[
        ("ignore", "negeer negeren vergeet vergeten verwerp veronachtzaam sla"),
        ("ignore_last", "negeren vergeten"),
        (
            "earlier",
            "vorige eerdere voorgaande bovenstaande oorspronkelijke vroegere initiële systeem \
             bestaande eerder",
        ),
        ("before", "hierboven eerder hiervoor gekregen boven voorheen"),
        (
            "instruction",
            "instructie instructies regel regels richtlijn richtlijnen opdracht opdrachten aanwijzing \
             aanwijzingen prompt prompts bevelen systeeminstructies beperkingen",
        ),
        ("your", "je jouw uw jullie"),
        ("all", "alle elke al"),
        ("everything", "alles wat"),
        ("told", "gezegd verteld geleerd opgedragen"),
        (
            "reveal_foreign",
            "toon tonen onthul onthullen geef vertel laat print herhaal deel schrijf zeg noem \
             openbaar",
        ),
        ("reveal_last", "zien weer tonen"),
        ("system", "systeem verborgen geheime interne"),
        ("prompt", "prompt prompts instructies bericht"),
        ("systemprompt", "systeemprompt systeeminstructies systeembericht"),
        ("become", "bent gedraag doe doen reageer antwoord speel simuleer handel wees wordt stel"),
        ("outlaw", "kwaadaardige ongefilterde ongecensureerde onbeperkte amorele"),
        ("none", "zonder geen vrij"),
        (
            "limit",
            "beperking beperkingen restricties regels grenzen filters censuur ethiek moraal limieten \
             richtlijnen",
        ),
        ("assistant", "ai assistent model bot chatbot robot intelligentie taalmodel"),
        ("bypass", "omzeil omzeilen schakel uitschakelen negeer verwijder ontwijk deactiveer hef"),
        (
            "bypass_foreign",
            "omzeil omzeilen schakel uitschakelen negeer verwijder ontwijk deactiveer hef",
        ),
        ("bypass_last", "uit omzeilen op uitschakelen"),
        (
            "guard",
            "filter filters beperkingen veiligheid* beveiliging* richtlijnen moderatie restricties",
        ),
        (
            "discussion",
            "voorbeeld* aanval* aanvaller* zin techniek* kwetsbaarhe* injectie* injection detect* \
             onderzoeker* kwaadaardig* risico*",
        ),
    ],
};
