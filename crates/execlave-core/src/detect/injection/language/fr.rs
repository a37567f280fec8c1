//! French. A star stands for any ending.

use super::Language;

pub(super) const FRENCH: Language = Language {
    lists: &[
        (
            "ignore",
            "ignore ignorez ignorer oublie oubliez oublier néglige négligez négliger passe abandonne \
             écarte écartez désobéis annule annulez",
        ),
        (
            "earlier",
            "précédent* antérieur* ci-dessus dessus initial* initiaux système d'origine origine \
             développeur* préalable* existant*",
        ),
        (
            "before",
            "précédent* antérieur* dessus avant reçu* donné* initiales système préalable* plus-haut \
             haut",
        ),
        (
            "instruction",
            "instruction instructions consigne consignes règle règles directive directives ordre \
             ordres prompt prompts indications restrictions",
        ),
        ("your", "tes ta ton vos votre"),
        ("all", "toutes tous toute tout"),
        ("everything", "tout ce"),
        ("told", "dit demandé appris ordonné enseigné indiqué programmé"),
        (
            "reveal_foreign",
            "affiche* afficher montre* montrer révèle* révél* donne donnez dis dites répète* répéter \
             imprime imprimez écris partage divulgue* dévoile*",
        ),
        ("system", "système caché* cachées secret* secrètes internes initial* interne"),
        ("prompt", "prompt prompts instructions consignes invite message"),
        (
            "become",
            "es êtes agis agissez agir fais faites prétends simule simulez comporte comportez réponds \
             répondez imagine imaginez deviens devenez joue jouez incarne incarnez seras serez sois",
        ),
        ("outlaw", "maléfique amoral* débridé* illimité* dan censuré*"),
        ("none", "sans aucune aucun libre ni"),
        (
            "limit",
            "restriction restrictions limite limites limitation limitations règle règles filtre \
             filtres censure éthique morale contrainte*",
        ),
        ("assistant", "ia assistant modèle bot chatbot robot intelligence ai"),
        (
            "bypass",
            "désactive* désactiver contourne* contourner ignore ignorez ignorer outrepasse* lève \
             supprime supprimez évite* éluder enlève retire",
        ),
        (
            "bypass_foreign",
            "désactive* désactiver contourne* contourner ignore ignorez ignorer outrepasse* lève \
             supprime supprimez évite* éluder enlève retire",
        ),
        (
            "guard",
            "filtre filtres restriction restrictions sécurité garde-fous fous protection protections \
             limite limites limitations modération politique politiques",
        ),
        (
            "discussion",
            "exemple* attaque* attaquant* phrase phrases technique* sécurité vulnérabilité* \
             injection* détect* chercheur* malveillant* risque*",
        ),
    ],
};
