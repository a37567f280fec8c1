use crate::support::{agent, at, first_page, id, two_orgs};
use execlave_store::tool_baselines::{PinnedTool, ToolBaseline};

fn pin(server: &str, tool: &str, hash: &str) -> PinnedTool {
    PinnedTool {
        server: server.into(),
        tool: tool.into(),
        descriptor_hash: hash.into(),
        description_hash: None,
    }
}

#[tokio::test]
async fn a_report_replaces_the_servers_it_names_and_no_others() {
    let (store, ours, theirs) = two_orgs().await;
    let bot = agent(&store, ours).await.id;
    let report = |tools: &[PinnedTool], n: i64| ToolBaseline {
        org_id: ours,
        agent_id: bot,
        tools: tools.to_vec(),
        reason: "manual".into(),
        updated_by: "key:k".into(),
        updated_at: at(n),
    };
    let first = [pin("mail", "send", "a"), pin("mail", "read", "b"), pin("files", "open", "c")];
    store.pin_tools(&report(&first, 1)).await.expect("pinned").expect("the agent exists");
    // Two clients write the same descriptor differently: both hashes are good.
    let second = [pin("mail", "send", "d"), pin("mail", "send", "e"), pin("mail", "send", "e")];
    let pinned = store.pin_tools(&report(&second, 2)).await.expect("pinned").expect("there");
    let expected = [pin("files", "open", "c"), pin("mail", "send", "d"), pin("mail", "send", "e")];
    assert_eq!(pinned.tools, expected);
    assert_eq!(store.find_tool_baseline(ours, bot).await.expect("read"), Some(pinned.clone()));
    assert_eq!(store.list_tool_baselines_across_orgs().await.expect("read"), [pinned]);

    assert!(store.find_tool_baseline(theirs, bot).await.expect("read").is_none());
    let foreign = ToolBaseline { org_id: theirs, ..report(&first, 3) };
    assert!(store.pin_tools(&foreign).await.expect("answered").is_none());
    let unknown = ToolBaseline { agent_id: id(), ..report(&first, 3) };
    assert!(store.pin_tools(&unknown).await.expect("answered").is_none());
    let audit = store.list_audit(ours, &first_page()).await.expect("read").items;
    assert_eq!(audit.iter().filter(|entry| entry.event == "tool_baseline.updated").count(), 2);
}
