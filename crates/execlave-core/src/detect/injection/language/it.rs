//! Italian. A star stands for any ending.

use super::Language;

pub(super) const ITALIAN: Language = Language {
    lists: &[
        (
            "ignore",
            "ignora ignorare ignori ignorate dimentica dimenticare dimentichi dimenticate dimenticati \
             scarta trascura tralascia annulla",
        ),
        (
            "earlier",
            "precedent* sopra iniziali iniziale originali originale sistema antecedenti sviluppator* \
             esistenti finora",
        ),
        ("before", "precedent* sopra prima ricevut* date iniziali sistema finora"),
        (
            "instruction",
            "istruzione istruzioni regola regole direttiva direttive ordine ordini linee prompt \
             indicazioni comandi restrizioni consegne",
        ),
        ("your", "tue tuo tua tuoi vostre sue"),
        ("all", "tutte tutti tutta ogni qualsiasi"),
        ("everything", "tutto ciò quello"),
        ("told", "detto insegnato ordinato indicato imparato chiesto"),
        (
            "reveal_foreign",
            "mostra mostrare mostrami mostri rivela rivelare rivelami stampa dimmi dammi ripeti \
             ripetere scrivi visualizza condividi svela elenca",
        ),
        ("system", "sistema nascost* segret* intern* iniziale iniziali"),
        ("prompt", "prompt istruzioni messaggio"),
        (
            "become",
            "sei agisci agire fingi fingere comportati simula simulare rispondi immagina diventa \
             interpreta sarai fai recita",
        ),
        ("outlaw", "malvagi* amoral* illimitat* censurat* dan"),
        ("none", "senza nessun nessuna alcuna alcun libero libera privo"),
        (
            "limit",
            "restrizione restrizioni limite limiti limitazione limitazioni regola regole filtri \
             filtro censura etica morale vincoli",
        ),
        ("assistant", "ia ai assistente modello bot chatbot robot intelligenza"),
        (
            "bypass",
            "disattiva* disattivare disabilita* aggira aggirare ignora elimina rimuovi evita elude \
             eludi spegni",
        ),
        (
            "bypass_foreign",
            "disattiva* disattivare disabilita* aggira aggirare ignora elimina rimuovi evita elude \
             eludi spegni",
        ),
        (
            "guard",
            "filtro filtri restrizioni sicurezza protezione protezioni limiti limitazioni moderazione \
             politiche salvaguardie",
        ),
        (
            "discussion",
            "esempi* attacc* aggressor* frase frasi tecnica tecniche vulnerabilità iniezion* \
             injection* rileva* ricercator* malevol* dannos* rischi*",
        ),
    ],
};
