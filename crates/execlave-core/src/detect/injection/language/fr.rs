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
        ("told", "dit demandé appris ordonné enseigné indiqué programmé données imposé* reçues"),
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
             répondez imagine imaginez deviens devenez joue jouez incarne incarnez seras serez sois \
             appelles appelleras nommes",
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
            "recite",
            "répète* répétez répéter recopie* recopiez copie copiez reproduis reproduisez retranscris \
             transcris écris restitue",
        ),
        ("passage", "texte message messages contenu écrit mots"),
        ("above", "dessus haut précède précèdent précédent* avant commencé"),
        ("verbatim", "mot lettre littéralement textuellement intégral* caractère"),
        ("got", "reçu reçues reçus reçue donné données"),
        ("conversation", "conversation discussion échange dialogue"),
        (
            "send_foreign",
            "envoie* envoyez envoyer transmets transmettez transfère transférez expédie publie poste",
        ),
        ("secret", "mot_de_passe passe motdepasse clés identifiants secret* jetons historique"),
        ("use_tool", "utilise utilisez appelle appelez exécute exécutez"),
        ("tool", "outil outils fonction"),
        ("never", "ne jamais n pas"),
        (
            "tell",
            "dis dites dire mentionne* mentionnez informe* informez préviens prévenez avertis \
             avertissez parle",
        ),
        ("user", "utilisateur"),
        ("skip", "sans contourne saute"),
        ("approval", "confirmation autorisation validation approbation accord permission"),
        (
            "run_foreign",
            "supprime* supprimez transfère* transférez paie payez approuve approuvez valide efface \
             virement paiement",
        ),
        ("note_foreign", "note message avis attention"),
        ("for_whom", "pour destinée destiné l'attention attention"),
        ("llm", "ia llm chatgpt intelligence"),
        ("must", "doit doivent devez dois devra"),
        ("policy", "politique politiques règle règles consigne* directive*"),
        ("data", "données informations mots clés"),
        (
            "remember_foreign",
            "mémorise* mémorisez retiens retenez souviens souvenez enregistre* enregistrez",
        ),
        ("admin", "administrateur administratrice admin root administration"),
        ("show_me", "montre montrez affiche affichez donne donnez accède accédez liste listez"),
        ("records", "facture* commande* historique données dossier* conversation* compte*"),
        ("other", "autre autres"),
        ("tenant", "client locataire entreprise utilisateur"),
        ("fetch", "charge* chargez ouvre ouvrez visite* télécharge*"),
        ("summarize", "résume* résumez résumer"),
        ("document", "document page texte article courriel mail"),
        ("then", "puis ensuite et"),
        ("refuse", "refuse refuses décline"),
        ("have", "connaît connais possède"),
        ("stop", "plus arrête arrêtez cesse cessez laisse laissez mets"),
        ("heed", "suis suivre suivez respecter respecte obéir obéis compte tiens appliquer"),
        ("i_am", "suis"),
        ("aside", "côté"),
        ("llm_noun", "assistant assistants modèle modèles système systèmes agent agents"),
        ("standing", "toujours cet"),
        ("secret", super::NAMES),
        ("destination", super::ADDRESSES),
        (
            "discussion",
            "exemple* attaque* attaquant* phrase phrases technique* sécurité vulnérabilité* injection* \
             détect* chercheur* malveillant* risque*",
        ),
    ],
};
