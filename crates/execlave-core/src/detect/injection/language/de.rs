//! German. A star stands for any ending.

use super::Language;

pub(super) const GERMAN: Language = Language {
    lists: &[
        (
            "ignore",
            "ignoriere ignorieren ignoriert ignorier vergiss vergesst vergessen missachte missachten \
             verwirf verwerfen überschreibe übergehe umgehe",
        ),
        ("ignore_last", "ignorieren vergessen missachten verwerfen ignoriere"),
        (
            "earlier",
            "vorherig* bisherig* vorangegangen* obig* früher* vorig* ursprünglich* vorangehend* \
             anfänglich* system bestehend* zuvor entwickler* oben",
        ),
        ("before", "oben zuvor vorher bisher vorangegangen erhalten gegeben bekommen"),
        (
            "instruction",
            "anweisung anweisungen regel regeln instruktion instruktionen vorgabe vorgaben befehl \
             befehle richtlinie richtlinien anordnungen prompt prompts weisungen beschränkungen \
             systemanweisungen",
        ),
        ("your", "dein deine deinen deiner ihre ihren ihrer eure"),
        ("all", "alle allen sämtliche jede jegliche"),
        ("everything", "alles was"),
        ("told", "gesagt gelernt angewiesen beigebracht befohlen mitgeteilt"),
        (
            "reveal_foreign",
            "zeig zeige zeigen nenne nennen verrate verraten gib gebe drucke wiederhole offenbare \
             offenlege schreibe teile enthülle sag liste",
        ),
        ("reveal_last", "aus zeigen nennen verraten wieder preis offen anzeigen ausgeben"),
        ("system", "system geheimen geheime versteckten versteckte internen interne"),
        ("prompt", "prompt prompts anweisung anweisungen nachricht"),
        (
            "systemprompt",
            "systemprompt systemprompts systemanweisung systemanweisungen systemnachricht \
             systemaufforderung",
        ),
        (
            "become",
            "bist sei werde verhalte verhalten antworte antworten spiele simuliere handle agiere \
             stell tu stelle benimm wärst",
        ),
        (
            "outlaw",
            "böse böser böses unzensiert* uneingeschränkt* unbeschränkt* amoralisch* dan ungefiltert* \
             skrupellos*",
        ),
        ("none", "ohne keine keinerlei keinen frei"),
        (
            "limit",
            "einschränkung einschränkungen beschränkung beschränkungen regel regeln grenzen filter \
             zensur ethik moral limits richtlinien",
        ),
        ("assistant", "ki assistent modell bot chatbot roboter intelligenz sprachmodell ai"),
        (
            "bypass",
            "umgehe umgehen deaktiviere deaktivieren schalte abschalten ignoriere entferne entfernen \
             überwinde hebe heble aushebeln",
        ),
        (
            "bypass_foreign",
            "umgehe umgehen deaktiviere deaktivieren schalte abschalten ignoriere entferne entfernen \
             überwinde hebe heble aushebeln",
        ),
        ("bypass_last", "aus ab umgehen deaktivieren abschalten ausschalten auf entfernen"),
        (
            "guard",
            "filter einschränkung einschränkungen sicherheit* schutz* beschränkungen richtlinien \
             leitplanken moderation",
        ),
        (
            "discussion",
            "beispiel* angriff* angreifer* phrase* satz technik* sicherheitslücke* schwachstelle* \
             injection* erkenn* forscher* bösartig* risik*",
        ),
    ],
};
